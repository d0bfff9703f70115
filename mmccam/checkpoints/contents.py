"""What is in a checkpoint: weights, and the config of their training."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Optional

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, TASK_UTILS, WEIGHT_INITIALIZERS, Registry
from torch import nn


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
    is_parallel = all(name.startswith('module.') for name in weights)
    start = len('module.') if is_parallel else 0
    return {name[start:]: value for name, value in weights.items()}


def check_weights(model: nn.Module, weights: Mapping, source: str) -> None:
    """Check that weights are finite, all those of a model, and no others.

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
        found, wanted = tuple(value.shape), tuple(target[name].shape)
        if name == 'head.fc.weight' and found[1:] == wanted[1:] and found != wanted:
            raise ValueError(f'{fault}: {found[0]} classes, the config has {wanted[0]}')
        if found != wanted:
            raise ValueError(f'{fault}: {name} has the shape {found}, not {wanted}')
        if not torch.isfinite(value).all():
            raise ValueError(f'{source} has NaN or infinite weights, in {name}')


def stored_config(checkpoint: dict, source: str) -> Config:
    """Read the config of the run that saved a checkpoint, without running it.

    mmengine stores it as Python. Allowed are names with plain values and ``dict(...)``.
    Parts of the network must be registered by OpenMMLab or mmccam, and fetch no weights
    of their own.
    """
    meta = checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not isinstance(text, str):
        raise ValueError(f'{source} has no config in it: {_REMEDY}')
    fault, values = f'{source} has a config in it', {}
    try:
        for statement in ast.parse(text).body:
            (target,) = statement.targets
            values[target.id] = _value(statement.value)
        cfg = Config(values)
    except Exception as error:  # of many types, as it is parsed, or nested too deeply
        raise ValueError(f'{fault} that is not plain ({error}): {_REMEDY}') from error
    names = {name for root in _ROOTS for name in _registered(root)}
    built = [cfg.to_dict().get(key) for key in ('model', 'data_preprocessor')]
    for part in all_parts(built):
        for key, allowed in (('type', names), ('_scope_', _SCOPES)):
            # As a string, since a value may be anything.
            if key in part and str(part[key]) not in allowed:
                found = f'{key} {part[key]!r}'
                raise ValueError(f'{fault} whose {found} is not allowed: {_REMEDY}')
    return cfg


_REMEDY = 'name the config file'
# What a model is built of. mmengine imports whatever module another name begins with.
_ROOTS = (MODELS, TASK_UTILS, WEIGHT_INITIALIZERS)
_SCOPES = ('mmengine', 'mmcv', 'mmpretrain', 'mmccam')
# Parts that download weights or code of their own.
_FETCHING = {'HuggingFaceClassifier', 'TIMMBackbone', 'TimmClassifier'}


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


def _registered(registry: Registry) -> Iterator[str]:
    """The names in a registry and its children, with their scope and without."""
    if registry.scope in _SCOPES:
        for name in registry.module_dict.keys() - _FETCHING:
            yield from (name, f'{registry.scope}.{name}')
    for child in registry.children.values():
        yield from _registered(child)


def all_parts(cfg: Any) -> Iterator[dict]:
    """All dictionaries in a part of a config, itself included."""
    if isinstance(cfg, dict):
        yield cfg
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for value in cfg:
            yield from all_parts(value)


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
    return (size, size) if isinstance(size, int) else size and tuple(size)


def pipeline_of_test(cfg: Config) -> list[dict]:
    """The transforms of a config's test images, empty if it has none."""
    loader = cfg.get('test_dataloader') or {}
    return (loader.get('dataset') or {}).get('pipeline') or []
