"""Weights of torchvision's VGG and of the authors' released code made ours, and back.

Whatever the source, all its layers are compared with those of a network of ours.
"""

import re
from collections.abc import Iterable
from itertools import accumulate

import torch

from .backbones.non_local_vgg import NonLocalVGG
from .layouts import BLOCK, released_names, torchvision_names

StateDict = dict[str, torch.Tensor]

# What the names of each format's convolutions look like.
FORMATS = {
    'mmccam': r'(?:backbone\.)?features\.(\d+)\.conv\.\w+',
    'released': r'conv\.(\d+)\.(?:weight|bias)',
    'torchvision': r'features\.(\d+)\.\w+',
}
# Of models, not of backbones alone.
PREFIX = 'backbone.'
HEAD = {'head.fc.weight': 'classifier.0.weight', 'head.fc.bias': 'classifier.0.bias'}
# Files from before torch 0.4.1 do not count the batches.
COUNTERS = 'num_batches_tracked'
# Depth of a VGG for its number of convolutions.
DEPTHS = {sum(stages): depth for depth, stages in NonLocalVGG.arch_settings.items()}


def find_format(weights: StateDict) -> str:
    """Tell the format of weights by their names.

    Returns:
        ``mmccam``, which the VGG of mmpretrain has, too, ``released`` or
        ``torchvision``.

    Raises:
        ValueError: If they have none of these formats.
    """
    for name, pattern in FORMATS.items():
        if any(re.fullmatch(pattern, weight) for weight in weights):
            return name
    found = ', '.join(list(weights)[:3]) or 'nothing'
    more = ', ...' if len(weights) > 3 else ''
    raise ValueError(
        'it is no VGG of mmccam, of the released code or of torchvision: it holds '
        f'{found}{more}'
    )


def convert(
    weights: StateDict, target: str, convolutions_only: bool = False
) -> StateDict:
    """Give weights the names that they have in another program.

    The weights themselves stay as they are, of whatever precision.

    Args:
        weights: Weights of any format. The three layers of a VGG's own classifier are
            left out.
        target: ``mmccam``, ``released`` or ``torchvision``.
        convolutions_only: Whether to leave out what ``torchvision`` has no place for.
            Blocks that are the identity are left out anyway.

    Returns:
        The weights in the order of the target's layers.

    Raises:
        ValueError: If the weights have the names of the target already or those of
            no known format, layers are missing, superfluous or of another shape, or the
            target has not just these layers.
    """
    source = find_format(weights)
    if source == target:
        raise ValueError(f'it has the names of {target} already')
    if source != 'released':
        own = re.compile(r'(backbone\.)?classifier\.')
        weights = {k: v for k, v in weights.items() if not own.match(k)}
    if source == 'mmccam' and not any(name.startswith(PREFIX) for name in weights):
        weights = {PREFIX + name: value for name, value in weights.items()}
    shapes = _network_shapes(weights, source)
    names = _names(shapes, source)
    _compare(weights, {names[name]: shape for name, shape in shapes.items()})
    ours = {name: weights[names[name]] for name in shapes if names[name] in weights}
    if target == 'torchvision' and convolutions_only:
        ours = {k: v for k, v in ours.items() if k.startswith(f'{PREFIX}features.')}
    elif target == 'torchvision':
        ours = _without_identities(ours)
    names = _names(ours, target)
    _refuse(f'{target} has no place for', [name for name in ours if name not in names])
    needed = [name for name in names if not name.endswith(COUNTERS)]
    _refuse(f'{target} needs', [name for name in needed if name not in ours])
    return {names[name]: ours[name] for name in names if name in ours}


def _names(ours: Iterable[str], program: str) -> dict[str, str]:
    """Find the names that a program has for weights of ours, those it knows."""
    if program == 'mmccam':
        return {name: name for name in ours}
    backbone = [name[len(PREFIX) :] for name in ours if name.startswith(PREFIX)]
    rename = released_names if program == 'released' else torchvision_names
    names = {PREFIX + name: other for name, other in rename(backbone).items()}
    return {**names, **HEAD} if program == 'released' else names


def _network_shapes(weights: StateDict, source: str) -> dict[str, torch.Size]:
    """Find our names and the shapes of all weights of the network that some are of."""
    found = (re.fullmatch(FORMATS[source], name) for name in weights)
    places = sorted({int(match[1]) for match in found if match})
    norm = re.compile(r'(backbone\.)?features\.\d+\.(bn\.)?running_mean')
    has_norm = any(norm.fullmatch(name) for name in weights)
    count = len(places) // 2 if has_norm and source == 'torchvision' else len(places)
    if count not in DEPTHS:
        raise ValueError(
            f'it has {count} convolutions, where a VGG of five stages has '
            f'{", ".join(map(str, sorted(DEPTHS)))}'
        )
    stages = _block_stages(weights, places, DEPTHS[count])
    extra = weights.get(f'{PREFIX}extra_conv.conv.bias')
    with torch.device('meta'):  # the structure without the weights
        backbone = NonLocalVGG(
            DEPTHS[count],
            stages,
            _reduction(weights, stages),
            extra_conv=None if extra is None else extra.numel(),
            norm_cfg=dict(type='BN') if has_norm else None,
        )
    state_dict = backbone.state_dict()
    shapes = {PREFIX + name: value.shape for name, value in state_dict.items()}
    if source == 'released' or any(name.startswith('head.') for name in weights):
        bias = HEAD['head.fc.bias'] if source == 'released' else 'head.fc.bias'
        classes = weights[bias].numel() if bias in weights else 0
        channels = backbone.in_channels if extra is None else extra.numel()
        shapes['head.fc.weight'] = torch.Size([classes, channels])
        shapes['head.fc.bias'] = torch.Size([classes])
    return shapes


def _block_stages(weights: StateDict, places: list[int], depth: int) -> list[int]:
    """Find after which stages non-local blocks stand."""
    ours = (re.fullmatch(re.escape(PREFIX) + BLOCK, name) for name in weights)
    stages = {int(match[1]) for match in ours if match}
    released = (re.match(r'conv\.(\d+)\.\w+\.', name) for name in weights)
    ends = list(accumulate(NonLocalVGG.arch_settings[depth]))
    for block in {int(match[1]) for match in released if match}:
        before = sum(place < block for place in places)
        if before not in ends:
            raise ValueError(
                f'its block conv.{block} does not stand after a stage of VGG-{depth}'
            )
        stages.add(ends.index(before) + 1)
    return sorted(stages)


def _reduction(weights: StateDict, stages: list[int]) -> int:
    """Find by how much the blocks reduce the channels of their queries."""
    of_query = ('.query.bias', '.query_conv.bias')
    widths = [weights[name].numel() for name in weights if name.endswith(of_query)]
    channels = 64 * 2 ** min(stages[0] - 1, 3) if stages else 1
    return max(1, channels // max(1, min(widths, default=1)))


def _compare(weights: StateDict, expected: dict[str, torch.Size]) -> None:
    """Refuse weights that are not those expected.

    Raises:
        ValueError: If names or shapes differ.
    """
    needed = [name for name in expected if not name.endswith(COUNTERS)]
    _refuse('it lacks', [name for name in needed if name not in weights])
    _refuse('a VGG has no', [name for name in weights if name not in expected])
    for name, value in weights.items():
        if value.shape != expected[name]:
            raise ValueError(
                f'its {name} has the shape {tuple(value.shape)}, not '
                f'{tuple(expected[name])}'
            )


def _without_identities(ours: StateDict) -> StateDict:
    """Leave out the non-local blocks, all of them, if they do nothing."""
    blocks = f'{PREFIX}non_local_blocks.'
    norms = [
        name
        for name in ours
        if name.startswith(blocks) and name.endswith(('bn.weight', 'bn.bias'))
    ]
    if any(ours[name].any() for name in norms):
        return ours
    return {k: v for k, v in ours.items() if not k.startswith(blocks)}


def _refuse(reason: str, names: list[str]) -> None:
    if names:
        more = f' and {len(names) - 1} more' if len(names) > 1 else ''
        raise ValueError(f'{reason} {names[0]}{more}')
