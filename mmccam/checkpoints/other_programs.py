"""Names that the networks of other programs have for their weights, and ours for them.

- ``wsolevaluation`` of Choe et al. (CVPR 2020): CAM, ACoL, SPG and ADL, each on VGG-16,
  ResNet-50 and Inception-V3;
- ``ACoL`` (CVPR 2018): the VGG of its authors' code;
- ``SPG`` (ECCV 2018): the Inception of its authors' code, by the shapes of its layers;
- ``TS-CAM`` (ICCV 2021): the DeiT of its authors' code.

A rule is a pattern of how names begin, and what replaces it. Before, the layers of a
sequence are counted from 0, those with weights alone: activations, pools and ADL have
numbers in other programs, but not here.
"""

import re
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import Optional

from torch import Tensor

StateDict = dict[str, Tensor]
Rules = tuple[tuple[str, str], ...]


def _layers(sequence: str, *ours: str) -> Rules:
    """The rules for the layers of a sequence."""
    return tuple((rf'{sequence}\.{i}\.', f'{x}.') for i, x in enumerate(ours))


# The 13 convolutions; mmpretrain's VGG counts its pools, too.
_PLACES = (0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16)
_VGG = tuple(f'backbone.features.{place}.conv' for place in _PLACES)
_NECK = ('neck.conv1.conv', 'neck.conv2.conv')
_INCEPTION = (r'(Conv2d_\w+|Mixed_[56]\w)\.', r'backbone.\1.')
_BRANCH_A = (*_NECK, 'head.fc')
_BRANCH_B = ('head.branch_b.conv1.conv', 'head.branch_b.conv2.conv', 'head.fc_b')

PROGRAMS: dict[str, Rules] = {
    'wsolevaluation': (
        *_layers('features', *_VGG),
        *_layers('SPG_A_1', *_VGG[7:10]),
        *_layers('SPG_A_2', *_VGG[10:]),
        *_layers('SPG_A_3', *_NECK),
        *_layers('classifier_A', *_BRANCH_A),
        *_layers('classifier_B', *_BRANCH_B),
        *_layers('SPG_A1', 'backbone.layer3.0'),
        *_layers('SPG_A2', *(f'backbone.layer3.{i}' for i in range(1, 6))),
        *_layers('SPG_B_shared', 'head.b_shared.0.conv', 'head.b_shared.1'),
        *_layers('SPG_C', 'head.c.0.conv', 'head.c.1'),
        (r'SPG_A3_([12])b\.0\.', r'neck.conv\1.conv.'),
        (r'SPG_B_([12])a\.0\.', r'head.b\1.conv.'),
        (r'(fc|SPG_A_?4)\.', 'head.fc.'),
        (r'conv6\.', 'backbone.extra_conv.conv.'),
        (r'(conv1|bn1|layer\d)\.', r'backbone.\1.'),
        _INCEPTION,
    ),
    'ACoL': (
        *_layers('features', *_VGG),
        *_layers('cls', *_BRANCH_A),
        *_layers('cls_erase', *_BRANCH_B),
    ),
    'TS-CAM': (
        (r'(cls_token|pos_embed)$', r'backbone.\1'),
        (r'patch_embed\.proj\.', 'backbone.patch_embed.projection.'),
        (r'blocks\.(\d+)\.norm([12])\.', r'backbone.layers.\1.ln\2.'),
        (r'blocks\.(\d+)\.attn\.(qkv|proj)\.', r'backbone.layers.\1.attn.\2.'),
        (r'blocks\.(\d+)\.mlp\.fc1\.', r'backbone.layers.\1.ffn.layers.0.0.'),
        (r'blocks\.(\d+)\.mlp\.fc2\.', r'backbone.layers.\1.ffn.layers.1.'),
        (r'norm\.', 'backbone.ln1.'),
        (r'head\.(weight|bias)$', r'head.conv.\1'),
    ),
}

# The layers of SPG's branches by the shapes of their weights in a sequence. That of the
# classifier has as many outputs as there are classes.
_SPG = {
    ((1024, 768, 3, 3),): _NECK[:1],
    ((1024, 1024, 3, 3),): _NECK[1:],
    ((-1, 1024, 1, 1),): ('head.fc',),
    ((512, 288, 3, 3),): ('head.b1.conv',),
    ((512, 768, 3, 3),): ('head.b2.conv',),
    ((512, 512, 3, 3), (1, 512, 1, 1)): ('head.b_shared.0.conv', 'head.b_shared.1'),
    ((512, 1024, 3, 3), (1, 512, 1, 1)): ('head.c.0.conv', 'head.c.1'),
}


def from_other_program(weights: StateDict) -> Optional[StateDict]:
    """Give the weights of another program's network our names.

    Convolutions of 1 x 1 that make the class maps become linear layers.

    Returns:
        The weights, or None if they are of no such network.

    Raises:
        ValueError: If such a network does not have all of their names.
    """
    counted = _count_layers(weights)
    programs = {**PROGRAMS, 'SPG': (_INCEPTION, *_rules_by_shape(weights))}
    tables = {
        program: {name: _renamed(counted[name], rules) for name in weights}
        for program, rules in programs.items()
    }
    # The one that knows most of the names.
    program = max(tables, key=lambda key: sum(map(bool, tables[key].values())))
    names = tables[program]
    if not {'backbone', 'head'} <= {ours.partition('.')[0] for ours in names.values()}:
        return None
    targets = Counter(names.values())
    unknown = [name for name, ours in names.items() if not ours or targets[ours] > 1]
    if unknown:
        more = f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''
        raise ValueError(f'it is of {program}, but has also {unknown[0]}{more}')
    converted = {}
    for name, value in weights.items():
        is_linear = re.fullmatch(r'head\.fc(_b)?\.weight', names[name])
        is_map = is_linear and value.shape[2:] == (1, 1)
        converted[names[name]] = value[:, :, 0, 0] if is_map else value
    return converted


def _count_layers(weights: StateDict) -> dict[str, str]:
    """Names with the layers of a sequence counted from 0 without gaps."""
    layer = re.compile(r'^(\w+)\.(\d+)(?=\.)')
    found = filter(None, map(layer.match, weights))
    numbers = sorted({(match[1], int(match[2])) for match in found})
    places = {
        f'{sequence}.{number}': f'{sequence}.{place}'
        for sequence, layers in groupby(numbers, key=itemgetter(0))
        for place, (_, number) in enumerate(layers)
    }
    return {name: layer.sub(lambda match: places[match[0]], name) for name in weights}


def _rules_by_shape(weights: StateDict) -> Rules:
    """Rules for the branches of SPG, whatever names they have."""
    shapes: dict[str, tuple] = {}
    for name, value in weights.items():
        sequence, shape = name.partition('.')[0], tuple(value.shape)
        if len(shape) == 4:
            shape = (-1, *shape[1:]) if shape[1:] == (1024, 1, 1) else shape
            shapes[sequence] = (*shapes.get(sequence, ()), shape)
    return tuple(
        (rf'{re.escape(sequence)}\.({i}\.)?(?=\w+$)', f'{ours}.')
        for sequence, layers in shapes.items()
        for i, ours in enumerate(_SPG.get(layers, ()))
    )


def _renamed(name: str, rules: Rules) -> str:
    """Our name, empty if no rule has one."""
    for pattern, replacement in rules:
        ours, count = re.subn(f'^{pattern}', replacement, name)
        if count:
            return ours
    return ''
