"""Load pretrained VGG convolutions from every usual kind of file."""

import re
from collections import OrderedDict
from typing import Optional

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from ..checkpoints.contents import weights_of
from .layouts import torchvision_names

StateDict = dict[str, torch.Tensor]


def load_pretrained_vgg(
    backbone: nn.Module, checkpoint: str, prefix: Optional[str] = None
) -> None:
    """Load a VGG's pretrained weights into a backbone.

    Accepts checkpoints of mmpretrain and mmccam, of a whole model or of a backbone,
    and torchvision's files (``features.0.weight``, ...). Weights of half precision are
    converted. Parts of the backbone outside ``features``, such as non-local blocks, are
    loaded where the file has them. A classifier in the file is left out.

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
    source = _strip_prefix(weights_of(loaded, checkpoint), prefix)
    target = backbone.state_dict()
    if any(re.match(r'features\.\d+\.(weight|bias)', name) for name in source):
        source = _rename(checkpoint, source, list(target))
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


def _rename(checkpoint: str, source: StateDict, target_names: list[str]) -> StateDict:
    """Give a torchvision VGG's convolutions and norms our names."""
    names = torchvision_names(target_names)
    features = [name for name in source if name.startswith('features.')]
    found, wanted = (
        len({name.rpartition('.')[0] for name in layers})
        for layers in (features, names.values())
    )
    if found != wanted:
        raise ValueError(
            f'{checkpoint} does not fit the backbone: it has {found} convolutions and '
            f'norms, the backbone {wanted}'
        )
    return {ours: source[name] for ours, name in names.items() if name in source}
