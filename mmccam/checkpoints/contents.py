"""What is in a checkpoint: weights, and the config of their training."""

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Optional

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.utils import import_modules_from_strings
from torch import nn


def check_meta(loaded: Any, source: str) -> None:
    """Check what mmengine keeps in ``meta`` beside the weights.

    An old ``config`` in it is removed: mmengine would run it when a run is resumed.
    """
    if not isinstance(loaded, dict) or 'meta' not in loaded:
        return
    meta = loaded['meta']
    if not isinstance(meta, dict):
        raise ValueError(f'{source} has no dict as meta but a {type(meta).__name__}')
    meta.pop('config', None)
    for key in ('epoch', 'iter'):
        step = meta.get(key)
        # The state of a run is in a message hub.
        if 'message_hub' in loaded and not (isinstance(step, int) and step >= 0):
            found = repr(step)[:100]
            raise ValueError(f'{source} has no number as {key} in its meta but {found}')


def weights_of(loaded: Any, source: str) -> dict[str, torch.Tensor]:
    """Get the weights of a checkpoint, alone or under ``state_dict`` or ``model``.

    The prefix ``module.`` of parallel training is removed. ``source`` is for messages.
    """
    weights = loaded
    for key in ('model', 'state_dict'):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            weights = loaded[key]
    if not isinstance(weights, dict):
        raise ValueError(f'{source} holds no weights but a {type(weights).__name__}')
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            kind = f'no name of a tensor but of a {type(value).__name__}'
            raise ValueError(f'{source} holds no weights: {name!r} is {kind}')
        _check_kind(name, value, source, value.dtype in (*_FLOATS, *_WHOLE))
    is_parallel = all(name.startswith('module.') for name in weights)
    start = len('module.') if is_parallel else 0
    return {name[start:]: value for name, value in weights.items()}


_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# What counts or is an index or a mask.
_WHOLE = (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool)


def _check_kind(name: str, value: torch.Tensor, source: str, is_fit: bool) -> None:
    """Check that a weight is dense, and whatever else it must be."""
    if not is_fit or value.layout is not torch.strided or value.is_nested:
        raise ValueError(
            f'{source} has {name} in {value.dtype}, {value.layout}, on {value.device}; '
            'weights must be dense and in float16, bfloat16, float32 or float64'
        )


def check_weights(model: nn.Module, weights: Mapping, source: str) -> None:
    """Check that weights are usable, all those of a model, and no others.

    mmengine only warns where they are not, and goes on with random ones.
    """
    target = model.state_dict()
    fault = f'{source} does not match the config'
    missing = [name for name in target if name not in weights]
    # Files from before torch 0.4.1 do not count the batches.
    missing = [name for name in missing if not name.endswith('num_batches_tracked')]
    if missing:
        count = f'{len(missing)} of {len(target)}'
        raise ValueError(f'{fault}: {count} weights are missing, first {missing[0]}')
    unknown = [name for name in weights if name not in target]
    if unknown:
        raise ValueError(f'{fault}: {len(unknown)} further weights, first {unknown[0]}')
    for name, value in weights.items():
        is_fit = value.dtype in _FLOATS or not target[name].is_floating_point()
        _check_kind(name, value, source, is_fit and not value.is_meta)
        found, wanted = tuple(value.shape), tuple(target[name].shape)
        if name == 'head.fc.weight' and found[1:] == wanted[1:] and found != wanted:
            raise ValueError(f'{fault}: {found[0]} classes, the config has {wanted[0]}')
        if found != wanted:
            raise ValueError(f'{fault}: {name} has the shape {found}, not {wanted}')
        if not torch.isfinite(value).all():
            raise ValueError(f'{source} has NaN or infinite weights, in {name}')


def stored_config(checkpoint: dict, source: str, trusted: bool = False) -> Config:
    """Read the config of the run that saved a checkpoint, without running it.

    mmengine stores it as Python. Allowed are names with plain values and ``dict(...)``.
    The network is built of listed parts and of mmccam's own, without addresses and
    paths. A trusted one may have any, and its ``custom_imports`` are imported. How it
    was initialized and its images mixed is omitted, since the checkpoint has its
    weights.
    """
    text = checkpoint.get('meta', {}).get('cfg')
    if not isinstance(text, str):
        raise ValueError(f'{source} has no config in it: {_REMEDY}')
    fault, values = f'{source} has a config in it', {}
    try:
        for statement in ast.parse(text).body:
            (target,) = statement.targets
            values[target.id] = _value(statement.value)
        parts = [values.get(key) for key in ('model', 'data_preprocessor')]
        _omit_training(parts)
        found = None if trusted else _fault_of(parts)
        cfg = Config(values)
        imports = cfg.get('custom_imports') or {}
        modules = imports.get('imports') or []
        modules = [modules] if isinstance(modules, str) else modules
        modules = ', '.join(name for name in modules if name != 'mmccam')
    except Exception as error:  # of many types, as it is parsed, or nested too deeply
        raise ValueError(f'{fault} that is not plain ({error}): {_REMEDY}') from error
    if found:
        trust = 'if you trust the checkpoint, use --trust-checkpoint, in Python '
        trust += 'mmccam.trust_checkpoints()'
        trust += f', which imports its {modules}' if modules else ''
        raise ValueError(f'{fault} whose {found}: {_REMEDY} or, {trust}')
    if trusted and imports:
        import_modules_from_strings(**imports)
    return cfg


_REMEDY = 'name the config file'
_SCOPES = ('mmengine', 'mmcv', 'mmpretrain', 'mmccam')
# Of mmengine, mmcv and mmpretrain. No constructor of these reads a file or an address,
# or imports what an argument names.
_PARTS = frozenset(
    # Backbones.
    'AlexNet CSPDarkNet CSPResNeXt CSPResNet ConvMixer ConvNeXt DaViT DeiT3 DenseNet '
    'DistilledVisionTransformer EfficientNet EfficientNetV2 HRNet HiViT InceptionV3 '
    'LeNet5 MViT MobileNetV2 MobileNetV3 MobileOne MobileViT PCPVT PoolFormer RIFormer '
    'RegNet RepLKNet RepMLPNet RepVGG Res2Net ResNeSt ResNeXt ResNet ResNetV1c '
    'ResNetV1d ResNet_CIFAR SEResNeXt SEResNet SVT ShuffleNetV1 ShuffleNetV2 '
    'SwinTransformer SwinTransformerV2 VAN VGG VisionTransformer '
    # Classifiers, what prepares their images, necks, heads, losses.
    'ImageClassifier ClsDataPreprocessor '
    'GeneralizedMeanPooling GlobalAveragePooling HRFuseScales '
    'ClsHead DeiTClsHead LinearClsHead StackedLinearClsHead VisionTransformerClsHead '
    'AsymmetricLoss CrossEntropyLoss FocalLoss LabelSmoothLoss SeesawLoss '
    # Norms, activations, convolutions, dropout.
    'BN BN1d BN2d GN GRN IN IN1d IN2d LN LN2d SyncBN '
    'Clamp Clip ELU GELU HSigmoid HSwish LeakyReLU PReLU QuickGELU RReLU ReLU ReLU6 '
    'SiLU Sigmoid Swish Tanh '
    'Conv Conv1d Conv2d Conv2dAdaptivePadding ConvAWS ConvWS DropPath Dropout'.split()
)


def _omit_training(part: Any) -> None:
    """Remove what only training needs from a part of a network."""
    if isinstance(part, dict):
        for key in ('init_cfg', 'pretrained', 'train_cfg', 'batch_augments'):
            part.pop(key, None)
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        for value in part:
            _omit_training(value)


def _fault_of(part: Any) -> Optional[str]:
    """Say what must not be in a part of a network."""
    if isinstance(part, (str, bytes)):
        text = str(part)
        # ConvMixer's `arch` has names such as 1024/20.
        is_plain = not re.search(r'[/\\~:]', text) or re.fullmatch(r'\d+/\d+', text)
        return None if is_plain else f'{part[:100]!r} is an address or a path'
    if isinstance(part, dict):
        kind, scope = str(part.get('type')), str(part.get('_scope_'))
        if 'type' in part and not _is_allowed(kind):
            return f'type {kind[:100]!r} is not allowed'
        if '_scope_' in part and scope not in _SCOPES:
            return f'_scope_ {scope[:100]!r} is not allowed'
        part = [*part, *part.values()]
    if isinstance(part, (list, tuple, set)):
        return next(filter(None, map(_fault_of, part)), None)
    return None


def _is_allowed(kind: str) -> bool:
    """Whether a part may be built. mmengine imports whatever another name says."""
    scope, _, name = kind.rpartition('.')
    # Not at the head: loading is restricted before mmpretrain can be imported.
    from ..registry import MODELS, TASK_UTILS

    MODELS.import_from_location()
    own = (*MODELS.module_dict, *TASK_UTILS.module_dict)
    return scope in ('', *_SCOPES) and (name in _PARTS or name in own)


def _value(node: ast.expr) -> Any:
    """Evaluate an expression of plain values and ``dict(...)``."""
    if isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict':
        named = {word.arg: _value(word.value) for word in node.keywords}
        return dict(*map(_value, node.args), **named)
    if isinstance(node, ast.Dict):
        return dict(zip(map(_value, node.keys), map(_value, node.values)))
    if isinstance(node, (ast.List, ast.Tuple)):
        return (list if isinstance(node, ast.List) else tuple)(map(_value, node.elts))
    return ast.literal_eval(node)


def warn_if_size_differs(cfg: Config, checkpoint: dict, source: str) -> None:
    """Warn if a config has another size of test images than its checkpoint's."""
    with suppress(ValueError):
        trained, used = input_size(stored_config(checkpoint, source)), input_size(cfg)
        if trained and used and trained != used:
            MMLogger.get_current_instance().warning(
                f'{source} was evaluated with images of {trained[0]} x {trained[1]} '
                f'pixels in training, the config now has {used[0]} x {used[1]}'
            )


def input_size(cfg: Config) -> Optional[tuple[int, int]]:
    """Width and height in pixels that a config brings test images to, if it says so."""
    size = None
    for step in pipeline_of_test(cfg):
        size = step.get('scale', step.get('crop_size', size))
    if size is None or isinstance(size, (list, tuple)):
        return size and tuple(size)
    return (size, size)


def pipeline_of_test(cfg: Config) -> list[dict]:
    """The transforms of a config's test images, empty if it has none."""
    found = cfg.get('test_dataloader')
    for key in ('dataset', 'pipeline'):
        found = found.get(key) if isinstance(found, dict) else None
    steps = found if isinstance(found, (list, tuple)) else ()
    return [step for step in steps if isinstance(step, dict)]
