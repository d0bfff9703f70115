"""Weights of a VGG with the names of other programs, in both directions.

torchvision and the authors' released code number all layers of a sequence, activations,
pools and released blocks too. Ours are the same layers in the same forward order.
"""

import re
from collections.abc import Iterable
from itertools import accumulate

import torch
from mmpretrain.models.backbones import VGG
from torch import nn

from ..registry import MODELS
from .pretrained import StateDict, compare, part_of_backbone

# The names of convolutions, with their places.
FORMATS = {
    'mmccam': r'(?:backbone\.)?features\.(\d+)\.conv\.\w+',
    'released': r'conv\.(\d+)\.(?:weight|bias)',
    'torchvision': r'features\.(\d+)\.\w+',
}
NORM = r'(?:backbone\.)?features\.(\d+)\.(?:bn\.)?running_mean'
HEAD = {'head.fc.weight': 'classifier.0.weight', 'head.fc.bias': 'classifier.0.bias'}
DEPTHS = {sum(stages): depth for depth, stages in VGG.arch_settings.items()}


def adapt_weights(vgg: VGG, weights: StateDict) -> StateDict:
    """Give weights of a backbone in any format our names, and check them."""
    own, found = vgg.state_dict(), weights
    if not _numbers(FORMATS['mmccam'], weights):
        found = part_of_backbone(convert(weights, 'mmccam'))
    found = {k: v for k, v in found.items() if not k.startswith('classifier.')}
    # A norm must have its place here, a whole further stage need not.
    layers = {k: re.sub(r'\w+\.\w+$', 'conv.weight', k) for k in found}
    known = {k: v for k, v in found.items() if k in own or layers[k] in own}
    needed = {k: own[k] for k in own if k in found or k.startswith('features.')}
    compare(known, needed, 'it lacks', 'the backbone has no')
    return found


def convert(
    weights: StateDict, target: str, convolutions_only: bool = False
) -> StateDict:
    """Give weights the names and the order that they have in another of ``FORMATS``.

    A VGG's own classifier is omitted, and for ``torchvision`` blocks that are the
    identity; ``convolutions_only`` omits all that it has no place for.
    """
    source = next((f for f in FORMATS if _numbers(FORMATS[f], weights)), None)
    if source is None:
        found = ', '.join(list(weights)[:3]) or 'nothing'
        raise ValueError(f'it is no VGG of {", ".join(FORMATS)}: it holds {found}')
    if source == target:
        raise ValueError(f'it has the names of {target} already')
    if source == 'mmccam' and not any(k.startswith('backbone.') for k in weights):
        weights = {f'backbone.{name}': value for name, value in weights.items()}
    if source != 'released':
        own = ('classifier.', 'backbone.classifier.')
        weights = {k: v for k, v in weights.items() if not k.startswith(own)}
    model = _skeleton(weights, source)
    names, shapes = _names(model, source), model.state_dict()
    expected = {theirs: shapes[ours] for ours, theirs in names.items()}
    compare(weights, expected, 'it lacks', 'a VGG has no')
    ours = {ours: weights[k] for ours, k in names.items() if k in weights}
    if target == 'torchvision' and convolutions_only:
        ours = {k: v for k, v in ours.items() if k.startswith('backbone.features.')}
    elif target == 'torchvision':
        norms = [v for k, v in ours.items() if re.search(r'blocks.*bn\.[wb]', k)]
        if not any(norm.any() for norm in norms):
            ours = {k: v for k, v in ours.items() if 'non_local_blocks' not in k}
    names = _names(model, target)
    expected = {name: shapes.get(name) for name in names}
    compare(ours, expected, f'{target} needs', f'{target} has no place for')
    return {names[k]: ours[k] for k in names if k in ours}


def _names(model: nn.Module, program: str) -> dict[str, str]:
    """Pair our names with those that a program has, in forward order."""
    ours = {value: name for name, value in model.state_dict(keep_vars=True).items()}
    if program == 'mmccam':
        return {name: name for name in ours.values()}
    vgg, layers = model['backbone'], []
    for stage, (start, end) in enumerate(vgg.range_sub_modules, 1):
        for layer in vgg.features[start:end]:
            layers += list(layer.children()) or [layer]
        if program == 'released' and str(stage) in vgg.non_local_blocks:
            layers.append(vgg.non_local_blocks[str(stage)])
    names = {}
    for theirs, value in nn.Sequential(*layers).state_dict(keep_vars=True).items():
        if program == 'torchvision':
            names[ours[value]] = f'features.{theirs}'
        elif not re.match(r'backbone\.features\.\d+\.bn', ours[value]):  # has no norms
            theirs = theirs.replace('project', 'mix')
            theirs = re.sub('(query|key|value|mix)', r'\1_conv', theirs)
            names[ours[value]] = f'conv.{theirs}'
    return names if program == 'torchvision' else {**names, **HEAD}


def _skeleton(weights: StateDict, source: str) -> nn.Module:
    """Build the model that weights are of, without data."""
    places, norms = _numbers(FORMATS[source], weights), _numbers(NORM, weights)
    count = len(places - norms if source == 'torchvision' else places)
    if count not in DEPTHS:
        counts = ', '.join(map(str, DEPTHS))
        raise ValueError(f'it has {count} convolutions, a VGG of 5 stages {counts}')
    stages = _numbers(r'backbone\.non_local_blocks\.(\d+)\..+', weights)
    ends = list(accumulate(VGG.arch_settings[DEPTHS[count]]))
    for block in _numbers(r'conv\.(\d+)\.\w+\..+', weights):
        before = sum(place < block for place in places)
        if before not in ends:
            raise ValueError(f'its block conv.{block} is not behind a stage of a VGG')
        stages.add(ends.index(before) + 1)
    sizes = {name: value.numel() for name, value in weights.items()}
    queries = ('.query.bias', '.query_conv.bias')
    width = min((sizes[k] for k in sizes if k.endswith(queries)), default=1)
    channels = 64 * 2 ** min(min(stages, default=1) - 1, 3)
    reduction = max(1, channels // max(1, width))
    extra = sizes.get('backbone.extra_conv.conv.bias')
    norm = dict(type='BN') if norms else None
    network = MODELS.get('NonLocalVGG')  # whose module imports this one
    with torch.device('meta'):
        vgg = network(DEPTHS[count], stages, reduction, extra, norm_cfg=norm)
        model = nn.ModuleDict(dict(backbone=vgg))
        if source == 'released' or any(k.startswith('head.') for k in weights):
            classes = sizes.get('head.fc.bias', sizes.get('classifier.0.bias', 1))
            fc = nn.Linear(extra or vgg.in_channels, classes)
            model['head'] = nn.ModuleDict(dict(fc=fc))
    return model


def _numbers(pattern: str, names: Iterable[str]) -> set[int]:
    """The numbers in those names that match a pattern."""
    matches = (re.fullmatch(pattern, name) for name in names)
    return {int(match[1]) for match in matches if match}
