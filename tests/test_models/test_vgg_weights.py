import re
from operator import is_

import pytest
import torch
from other_vggs import BN, mmccam, released, torchvision, without

from mmccam.models.vgg_weights import convert

# mmpretrain's VGG has them, and so have the files of torchvision.
pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')


def same(weights, others):
    """Whether two have the same tensors under the same names in the same order."""
    return list(weights) == list(others) and same_tensors(weights, others)


def same_tensors(weights, others):
    return all(map(is_, weights.values(), others.values()))


def shapes(weights):
    return [(name, value.shape) for name, value in weights.items()]


@pytest.mark.parametrize(
    ('depth', 'stages', 'reduction'),
    [(11, (1, 2, 3, 4, 5), 1), (13, (), 8), (16, (2, 3, 4, 5), 8), (19, (5,), 4)],
)
def test_released_weights_become_ours_and_theirs_again(depth, stages, reduction):
    theirs = without(released(depth, stages, reduction), '.1.num_batches_tracked')
    ours = convert(theirs, 'mmccam')

    assert shapes(ours) == shapes(mmccam(depth, stages, reduction, num_classes=7))
    # Both programs have their convolutions in the order of computation.
    features = {k: v for k, v in ours.items() if '.features.' in k}
    convolutions = {k: v for k, v in theirs.items() if re.match(r'conv\.\d+\.\w+$', k)}
    assert len(features) == len(convolutions)
    assert same_tensors(features, convolutions)
    assert same(convert(ours, 'released'), theirs)
    uncounted = without(theirs, 'num_batches_tracked')
    assert same(convert(convert(uncounted, 'mmccam'), 'released'), uncounted)


def test_each_released_layer_has_its_place():
    theirs = released(11, (2,))
    ours = convert(theirs, 'mmccam')

    # 0 convolution, activation, pool, 3 convolution, activation, pool, 6 block,
    # 7 convolution, activation, 9 convolution.
    for name, other in {
        'backbone.features.0.conv.weight': 'conv.0.weight',
        'backbone.features.4.conv.bias': 'conv.7.bias',
        'backbone.non_local_blocks.2.query.weight': 'conv.6.query_conv.weight',
        'backbone.non_local_blocks.2.key.bias': 'conv.6.key_conv.bias',
        'backbone.non_local_blocks.2.value.weight': 'conv.6.value_conv.weight',
        'backbone.non_local_blocks.2.project.weight': 'conv.6.mix_conv.weight',
        'backbone.non_local_blocks.2.bn.running_var': 'conv.6.bn.running_var',
        'head.fc.weight': 'classifier.0.weight',
    }.items():
        assert ours[name] is theirs[other]


@pytest.mark.parametrize(
    ('depth', 'norm'), [(11, False), (13, True), (16, False), (19, True)]
)
def test_torchvision_weights_become_ours_and_theirs_again(depth, norm):
    theirs = torchvision(depth, norm)
    ours = convert({**theirs, 'classifier.6.bias': torch.ones(1000)}, 'mmccam')

    assert shapes(ours) == shapes(mmccam(depth, (), norm_cfg=BN if norm else None))
    assert same_tensors(ours, theirs)
    assert same(convert(ours, 'torchvision'), theirs)
    backbone = {name.removeprefix('backbone.'): value for name, value in ours.items()}
    assert same(convert(backbone, 'torchvision'), theirs)


def test_blocks_that_are_the_identity_are_omitted_for_torchvision():
    ours = mmccam(11, (2,))
    for parameter in ('weight', 'bias'):
        ours[f'backbone.non_local_blocks.2.bn.{parameter}'] = torch.zeros(128)

    assert list(convert(ours, 'torchvision')) == list(torchvision())
    ours['backbone.non_local_blocks.2.bn.bias'] = torch.eye(128)[3]
    message = '^torchvision has no place for backbone.non_local_blocks.2.query.weight'
    with pytest.raises(ValueError, match=message):
        convert(ours, 'torchvision')


def test_convolutions_alone_fit_into_torchvision():
    ours = [mmccam(11, (2,), num_classes=3), mmccam(11, (), extra_conv=1024)]
    for weights in (*ours, released()):
        converted = convert(weights, 'torchvision', convolutions_only=True)
        assert list(converted) == list(torchvision())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['conv.7.weight', 'conv.7.bias'], 'it has 7 .* stages 8, 10, 13, 16$'),
        (['conv.7.weight', 'conv.9.bias'], 'it lacks conv.7.weight and 1 more$'),
        (['classifier.0.bias'], 'it lacks classifier.0.bias$'),
        (8, 'its block conv.8 is not behind a stage'),
        (5, 'it lacks conv.6.query_conv.weight'),  # in the place of a pool
        ({'conv.6.gamma': 1}, 'a VGG has no conv.6.gamma$'),
        ({'conv.0.bias': 3}, r'its conv.0.bias has the shape \(3,\), not \(64,\)'),
        ({'conv.6.query_conv.bias': 0}, r'its .*query.* \(16, 128, 1, 1\), not \(1,'),
        ({'classifier.0.bias': 9}, r'its classifier.* \(7, 512\), not \(9, 512\)'),
    ],
)
def test_changed_released_weights_are_refused(change, message):
    weights = released()
    if isinstance(change, list):
        weights = without(weights, *change)
    elif isinstance(change, dict):
        weights.update({name: torch.ones(size) for name, size in change.items()})
    else:  # the other place of a block
        weights = {k.replace('conv.6.', f'conv.{change}.'): weights[k] for k in weights}
    with pytest.raises(ValueError, match=f'^{message}'):
        convert(weights, 'mmccam')


@pytest.mark.parametrize(
    ('options', 'target', 'message'),
    [
        (dict(), 'released', 'released needs head.fc.weight and 1 more'),
        (
            dict(num_classes=3, norm_cfg=BN),
            'released',
            'released has no place for backbone.features.0.bn.weight',
        ),
        (dict(num_classes=3, num_stages=4), 'released', 'it has 6 convolutions'),
        (
            dict(num_classes=3),
            'torchvision',
            'torchvision has no place for head.fc.weight and 1 more',
        ),
    ],
)
def test_what_a_target_has_no_place_for_is_refused(options, target, message):
    weights = mmccam(11, (), **options)
    with pytest.raises(ValueError, match=f'^{message}'):
        convert(weights, target)


def test_weights_of_no_vgg_and_their_own_names_are_refused():
    message = '^it is no VGG of mmccam, released, torchvision: .* nothing$'
    with pytest.raises(ValueError, match=message):
        convert({}, 'mmccam')
    with pytest.raises(ValueError, match='^it has the names of released already'):
        convert(released(), 'released')
