"""Names of weights in other programs, for all depths and places of blocks."""

import re
from operator import is_

import pytest
import torch
from torch import nn
from torchvision.models import vgg as torchvision_vgg

from mmccam.models import GAPClsHead, NonLocalVGG
from mmccam.models.convert import convert, find_format

# mmpretrain's VGG has them.
pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')

CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
BN = dict(type='BN')


class ReleasedBlock(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        reduced = channels // reduction
        self.query_conv = nn.Conv2d(channels, reduced, 1)
        self.key_conv = nn.Conv2d(channels, reduced, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)
        self.mix_conv = nn.Conv2d(channels, channels, 1)
        self.bn = nn.BatchNorm2d(channels)


class ReleasedNetwork(nn.Module):
    """The layers of the released network in their order."""

    def __init__(self, depth=11, stages=(2, 5), reduction=8, num_classes=7):
        super().__init__()
        layers, channels = [], 3
        for stage, count in enumerate(CONVOLUTIONS[depth], 1):
            width = 64 * 2 ** min(stage - 1, 3)
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3), nn.LeakyReLU(0.2)]
                channels = width
            if stage < 5:
                layers.append(nn.MaxPool2d(2))
            if stage in stages:
                layers.append(ReleasedBlock(width, reduction))
        self.conv = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(512, num_classes))


def weights_of(module):
    """A module's weights, without data."""
    return dict(module.to('meta').state_dict())


def released(**kwargs):
    with torch.device('meta'):
        return weights_of(ReleasedNetwork(**kwargs))


def torchvision(depth=11, norm=False):
    letter = {11: 'A', 13: 'B', 16: 'D', 19: 'E'}[depth]
    with torch.device('meta'):
        layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs[letter], norm)
    return {f'features.{name}': value for name, value in weights_of(layers).items()}


def mmccam(*args, num_classes=None, **kwargs):
    parts = nn.ModuleDict()
    with torch.device('meta'):
        parts['backbone'] = NonLocalVGG(*args, **kwargs)
        if num_classes:
            parts['head'] = GAPClsHead(num_classes, in_channels=512)
    return weights_of(parts)


def same(weights, others):
    """Whether two have the same tensors under the same names in the same order."""
    return list(weights) == list(others) and same_tensors(
        weights.values(), others.values()
    )


def same_tensors(tensors, others):
    return len(tensors) == len(others) and all(map(is_, tensors, others))


@pytest.mark.parametrize('depth', CONVOLUTIONS)
@pytest.mark.parametrize(
    ('stages', 'reduction'),
    [((), 8), ((1,), 8), ((5,), 4), ((2, 3, 4, 5), 8), ((1, 2, 3, 4, 5), 1)],
)
def test_released_weights_become_ours_and_theirs_again(depth, stages, reduction):
    theirs = released(depth=depth, stages=stages, reduction=reduction)
    ours = convert(theirs, 'mmccam')

    expected = mmccam(depth, stages, reduction, num_classes=7)
    assert list(ours) == list(expected)
    assert all(ours[name].shape == expected[name].shape for name in expected)
    # Both programs have their convolutions in the order of computation.
    features = [value for name, value in ours.items() if '.features.' in name]
    convolutions = [v for k, v in theirs.items() if re.match(r'conv\.\d+\.\w+$', k)]
    assert same_tensors(features, convolutions)
    assert same(convert(ours, 'released'), theirs)


def test_each_released_layer_has_its_place():
    theirs = released(depth=11, stages=(2,))
    ours = convert(theirs, 'mmccam')

    # 0 convolution, activation, pool, 3 convolution, activation, pool, 6 block,
    # 7 convolution, activation, 9 convolution.
    for name, other in {
        'backbone.features.0.conv.weight': 'conv.0.weight',
        'backbone.features.2.conv.bias': 'conv.3.bias',
        'backbone.features.4.conv.weight': 'conv.7.weight',
        'backbone.features.5.conv.weight': 'conv.9.weight',
        'backbone.non_local_blocks.2.query.weight': 'conv.6.query_conv.weight',
        'backbone.non_local_blocks.2.key.bias': 'conv.6.key_conv.bias',
        'backbone.non_local_blocks.2.value.weight': 'conv.6.value_conv.weight',
        'backbone.non_local_blocks.2.project.weight': 'conv.6.mix_conv.weight',
        'backbone.non_local_blocks.2.bn.running_var': 'conv.6.bn.running_var',
        'head.fc.weight': 'classifier.0.weight',
    }.items():
        assert ours[name] is theirs[other]


@pytest.mark.parametrize('depth', CONVOLUTIONS)
@pytest.mark.parametrize('norm', [False, True])
def test_torchvision_weights_become_ours_and_theirs_again(depth, norm):
    theirs = torchvision(depth, norm)
    ours = convert(theirs, 'mmccam')

    expected = mmccam(depth, (), norm_cfg=BN if norm else None)
    assert list(ours) == list(expected)
    assert all(ours[name].shape == expected[name].shape for name in expected)
    assert same_tensors(ours.values(), theirs.values())
    assert same(convert(ours, 'torchvision'), theirs)


def test_the_classifier_of_torchvision_is_left_out():
    theirs = torchvision()
    classifier = {'classifier.6.bias': torch.ones(1000)}

    assert same(convert({**theirs, **classifier}, 'mmccam'), convert(theirs, 'mmccam'))


def test_weights_of_a_backbone_alone_get_the_prefix_of_a_model():
    model = mmccam(11, ())
    backbone = {name[len('backbone.') :]: value for name, value in model.items()}

    assert same(convert(backbone, 'torchvision'), convert(model, 'torchvision'))


def test_blocks_that_are_the_identity_are_left_out_for_torchvision():
    ours = mmccam(11, (2,))
    for parameter in ('weight', 'bias'):
        ours[f'backbone.non_local_blocks.2.bn.{parameter}'] = torch.zeros(128)

    assert list(convert(ours, 'torchvision')) == list(torchvision())
    ours['backbone.non_local_blocks.2.bn.bias'] = torch.eye(128)[3]
    message = '^torchvision has no place for backbone.non_local_blocks.2.query.weight'
    with pytest.raises(ValueError, match=message):
        convert(ours, 'torchvision')


@pytest.mark.parametrize(
    'weights',
    [
        lambda: mmccam(11, (2,), num_classes=3),
        lambda: mmccam(11, (), extra_conv=1024),
        released,
    ],
)
def test_convolutions_alone_fit_into_torchvision(weights):
    converted = convert(weights(), 'torchvision', convolutions_only=True)

    assert list(converted) == list(torchvision())


def test_weights_without_counted_batches_are_converted():
    theirs = released(stages=(3,))
    del theirs['conv.11.bn.num_batches_tracked']

    assert same(convert(convert(theirs, 'mmccam'), 'released'), theirs)


def without(weights, *names):
    return {name: value for name, value in weights.items() if name not in names}


@pytest.mark.parametrize(
    ('weights', 'target', 'message'),
    [
        (
            lambda: {'conv1.weight': torch.ones(1), 'fc.bias': torch.ones(1)},
            'mmccam',
            'it is no VGG of .* it holds conv1.weight, fc.bias$',
        ),
        (dict, 'mmccam', 'it is no VGG of .* it holds nothing$'),
        (released, 'released', 'it has the names of released already'),
        (
            lambda: without(released(), 'conv.7.weight', 'conv.7.bias'),
            'mmccam',
            'it has 7 convolutions, where .* has 8, 10, 13, 16$',
        ),
        (
            lambda: without(released(), 'conv.7.weight', 'conv.9.bias'),
            'mmccam',
            'it lacks conv.7.weight and 1 more$',
        ),
        (
            lambda: without(released(), 'classifier.0.bias'),
            'mmccam',
            'it lacks classifier.0.bias$',
        ),
        (
            lambda: {**released(), 'conv.6.gamma': torch.ones(1)},
            'mmccam',
            'a VGG has no conv.6.gamma$',
        ),
        (
            lambda: {k.replace('conv.6.', 'conv.8.'): v for k, v in released().items()},
            'mmccam',
            'its block conv.8 does not stand after a stage of VGG-11',
        ),
        (
            # In the place of a pool.
            lambda: {k.replace('conv.6.', 'conv.5.'): v for k, v in released().items()},
            'mmccam',
            'it lacks conv.6.query_conv.weight',
        ),
        (
            lambda: {**released(), 'conv.0.bias': torch.ones(3)},
            'mmccam',
            r'its conv.0.bias has the shape \(3,\), not \(64,\)',
        ),
        (
            lambda: {**released(), 'conv.6.query_conv.bias': torch.ones(0)},
            'mmccam',
            r'its conv.6.query_conv.weight has the shape \(16, 128, 1, 1\), not \(1,',
        ),
        (
            lambda: {**released(), 'classifier.0.bias': torch.ones(9)},
            'mmccam',
            r'its classifier.0.weight has the shape \(7, 512\), not \(9, 512\)',
        ),
        (
            lambda: mmccam(11, (2,)),
            'released',
            'released needs head.fc.weight and 1 more',
        ),
        (
            lambda: mmccam(11, (2,), norm_cfg=BN, num_classes=3),
            'released',
            'released has no place for backbone.features.0.bn.weight',
        ),
        (
            lambda: mmccam(11, (2,), num_stages=4, num_classes=3),
            'released',
            'it has 6 convolutions',
        ),
        (
            lambda: mmccam(11, (), num_classes=3),
            'torchvision',
            'torchvision has no place for head.fc.weight and 1 more',
        ),
    ],
)
def test_what_does_not_fit_is_refused(weights, target, message):
    with pytest.raises(ValueError, match=f'^{message}'):
        convert(weights(), target)


def test_formats_are_told_by_their_names():
    assert find_format(released()) == 'released'
    assert find_format(torchvision()) == 'torchvision'
    assert find_format(mmccam(11)) == 'mmccam'
