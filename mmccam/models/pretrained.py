"""Load pretrained VGG convolutions from every usual kind of file."""

import re
from collections import OrderedDict
from typing import Optional

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

StateDict = dict[str, torch.Tensor]


def load_pretrained_vgg(
    backbone: nn.Module, checkpoint: str, prefix: Optional[str] = None
) -> None:
    """Load a VGG's pretrained weights into a backbone.

    Accepts checkpoints of mmpretrain and mmccam, of a whole model or of a backbone,
    and torchvision's files (``features.0.weight``, ...), whose convolutions and norms
    correspond to ours in their order. Weights of half precision are converted. Parts
    of the backbone outside ``features``, such as non-local blocks, are loaded where
    the file has them. A classifier in the file is left out.

    Args:
        backbone: Module with the layers of mmpretrain's VGG in ``features``.
        checkpoint: Path or URL, as mmengine's loader takes it.
        prefix: Where the backbone stands in the file. Defaults to ``backbone.`` where
            the file has such names, else to none.

    Raises:
        ValueError: If the file does not hold all weights of ``features``, or one of
            another shape.
    """
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    if not isinstance(loaded, dict):
        raise ValueError(f'{checkpoint} holds no weights but a {type(loaded).__name__}')
    source = _strip_prefix(loaded.get('state_dict', loaded), prefix)
    target = backbone.state_dict()
    if any(re.match(r'features\.\d+\.(weight|bias)', name) for name in source):
        source = _rename_by_order(checkpoint, source, list(target))
    # Files from before torch 0.4.1 do not count the batches.
    missing = [
        name
        for name in target
        if name.startswith('features.')
        and not name.endswith('num_batches_tracked')
        and name not in source
    ]
    if missing:
        found = ', '.join(list(source)[:3]) or 'nothing'
        raise ValueError(
            f'{checkpoint} does not fit the backbone: {len(missing)} weights are '
            f'missing, the first is {missing[0]}; the file holds {found}, ...'
        )
    for name in source:
        layer = re.match(r'features\.\d+\.', name)
        if layer and name not in target and f'{layer.group()}conv.weight' in target:
            raise ValueError(
                f'{checkpoint} does not fit the backbone, which has no {name}: set '
                'norm_cfg to the norm of the file'
            )
    for name in target.keys() & source.keys():
        if source[name].shape != target[name].shape:
            raise ValueError(
                f'{checkpoint} does not fit the backbone: {name} has the shape '
                f'{tuple(source[name].shape)}, not {tuple(target[name].shape)}'
            )
    backbone.load_state_dict(source, strict=False)


def _strip_prefix(state_dict: StateDict, prefix: Optional[str]) -> StateDict:
    """Keep the names that start with a prefix, without it."""
    if prefix is None:
        is_model = any(name.startswith('backbone.') for name in state_dict)
        prefix = 'backbone.' if is_model else ''
    elif prefix and not prefix.endswith('.'):
        prefix += '.'
    return OrderedDict(
        (name[len(prefix) :], value)
        for name, value in state_dict.items()
        if name.startswith(prefix)
    )


def _rename_by_order(
    checkpoint: str, source: StateDict, target_names: list[str]
) -> StateDict:
    """Give a torchvision VGG's convolutions and norms our names, one by one."""
    targets = _layers(target_names, r'(features\.\d+\.(?:conv|bn))\.')
    sources = _layers(list(source), r'(features\.\d+)\.')
    if len(sources) != len(targets):
        raise ValueError(
            f'{checkpoint} does not fit the backbone: it has {len(sources)} '
            f'convolutions and norms, the backbone {len(targets)}'
        )
    return OrderedDict(
        (f'{new}.{parameter}', source[f'{old}.{parameter}'])
        for (old, parameters), new in zip(sources.items(), targets)
        for parameter in parameters
    )


def _layers(names: list[str], pattern: str) -> dict[str, list[str]]:
    """The layers that match a pattern, in their order, with their parameters."""
    layers: dict[str, list[str]] = OrderedDict()
    for name in names:
        match = re.match(pattern, name)
        if match:
            layers.setdefault(match.group(1), []).append(name[match.end() :])
    return layers
