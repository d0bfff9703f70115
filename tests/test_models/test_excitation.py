"""Excitation backprop: MWP, its contrastive form and its CCAM."""

import pytest
import torch
from saliency_networks import classifier, layer, pointwise, predict, resnet, vgg
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from mmccam.models.saliency.excitation import ExcitationBackprop
from mmccam.models.saliency.excitation_rules import check_rules

TOP_BOTTOM = dict(type='mmccam.TopBottom', i=1, j=1)
QUADRATIC = dict(type='mmccam.Polynomial', degree=2)


def mwp(network, x, target, **options):
    """The map of the layer "0" of a network for one image, as a list."""
    method = ExcitationBackprop('0', **options)
    network.requires_grad_(False)
    (cam,) = method.maps(network, torch.tensor([[[x]]]), torch.tensor([target]))
    return cam.detach().flatten().tolist()


@pytest.mark.parametrize('bias', [5.0, -100.0])  # the scores are positive, negative
@pytest.mark.parametrize(
    'target, options, expected',
    [
        # The hidden h = 3, 2 have 9/11, 2/11, of 3 * 3 and 2 * 1. They share it as 2,
        # 0, 2 and 1, 1, 0: 1/2 9/11 + 1/2 2/11, 1/2 2/11, 1/2 9/11.
        (0, {}, [1 / 2, 1 / 11, 9 / 22]),
        (1, {}, [1 / 2, 1 / 2, 0]),  # all by h1: the weight of h0 is negative
        # The weights -w have only that of h0, 1, with 1/2, 0, 1/2.
        (1, dict(contrastive=True), [0, 1 / 2, 0]),
        # The first of both classes less the last; a target is the first.
        (0, dict(combination=TOP_BOTTOM), [0, -9 / 22, 9 / 22]),
        (1, dict(combination=TOP_BOTTOM), [0, 9 / 22, -9 / 22]),
        (
            1,
            dict(combination=dict(TOP_BOTTOM, target_first=False)),
            [0, -9 / 22, 9 / 22],
        ),
    ],
)
def test_a_map_of_three_positions(target, options, expected, bias):
    hidden = layer([2, -1, 1], [1, 1, 0])
    last = layer([3, 1], [-1, 2], bias=bias)
    network = nn.Sequential(nn.Identity(), nn.Flatten(), hidden, nn.ReLU(True), last)
    found = mwp(network, [1.0, 1, 2], target, **options)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_maximum_takes_all_and_a_mean_shares_in_proportion():
    pools = nn.MaxPool2d((1, 2)), nn.AdaptiveAvgPool2d(1)
    network = nn.Sequential(nn.Identity(), *pools, nn.Flatten(), layer([1], [-1]))
    # The maxima 3 and 6 share 1 by their size.
    assert mwp(network, [1.0, 3, 6, 2], 0) == pytest.approx([0, 1 / 3, 2 / 3, 0])
    assert mwp(network, [1.0, 3, 6, 2], 1) == [0, 0, 0, 0]  # nothing excites it


def test_negative_scales_of_a_batch_norm_turn_the_weights():
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 4, (1, 3), padding=(0, 1)).eval()
    norm = nn.BatchNorm2d(4).eval()
    norm.weight.data = torch.tensor([2.0, -1, 0.5, -3])
    nn.init.normal_(norm.bias), norm.running_mean.normal_()
    ends = nn.ReLU(), nn.Flatten(), nn.Linear(20, 2)
    folded = nn.Sequential(nn.Identity(), fuse_conv_bn_eval(conv, norm), *ends)
    network = nn.Sequential(nn.Identity(), conv, norm, *ends)
    for target in range(2):
        found = mwp(network, [1.0, 0, 2, 5, 3], target)
        assert sum(found) == pytest.approx(1)
        assert found == pytest.approx(mwp(folded, [1.0, 0, 2, 5, 3], target), abs=1e-6)


@pytest.mark.parametrize(
    'network, name, shape',
    [
        (resnet, 'backbone.layer2', (4, 4)),
        (vgg, 'backbone.features.2', (16, 16)),
    ],
)
def test_the_probabilities_of_a_map_sum_to_1(network, name, shape):
    model = network(cam=dict(type='mmccam.ExcitationBackprop', layer=name))
    model.head.set_maps(model.head.cams, num_guesses=4)
    images = torch.randn(2, 3, 32, 32, dtype=torch.double)
    assert (model(images) < 0).any()
    for sample in predict(model, images):
        cams = sample.cams['cam']
        assert cams.shape == (4, *shape)
        torch.testing.assert_close(cams.sum(dim=(1, 2)), torch.ones(4))


@pytest.mark.parametrize('target_first', [True, False])
def test_ccam_is_the_sum_of_the_maps_of_all_classes_by_their_rank(target_first):
    model = resnet()
    images = torch.randn(1, 3, 32, 32, dtype=torch.double)
    ranking = model(images)[0].argsort(descending=True).tolist()
    target = ranking[2]
    if target_first:
        ranking.insert(0, ranking.pop(2))

    def cam(target, **options):
        method = ExcitationBackprop('backbone.layer2', **options)
        return method.maps(model, images, torch.tensor([target]))

    combination = dict(QUADRATIC, target_first=target_first)
    # g(k) of Eq. 5 for p = 5/2: ((5/2 - k) / (3/2))^2, of which those of k > p are < 0.
    weights = [1, 1 / 9, -1 / 9, -1]
    expected = sum(g * cam(k) for g, k in zip(weights, ranking))
    torch.testing.assert_close(cam(target, combination=combination), expected)


def test_a_network_is_as_before():
    model = resnet(cam=dict(type='mmccam.ExcitationBackprop', layer='backbone.layer2'))
    images = torch.randn(1, 3, 32, 32, dtype=torch.double)
    before = model(images)
    predict(model, images)
    assert not any(module._forward_hooks for module in model.modules())
    torch.testing.assert_close(model(images), before, rtol=0, atol=0)


def attention():
    backbone = dict(type='mmccam.NonLocalVGG', depth=11, num_stages=2)
    return classifier(dict(backbone, non_local_stages=(2,)), 'GAPClsHead')


@pytest.mark.parametrize(
    'network, message',
    [
        (attention, 'the layer "backbone.non_local_blocks.2", NonLocalBlock'),
        (lambda: nn.Sequential(nn.LeakyReLU()), 'the layer "0", LeakyReLU'),
        (lambda: nn.Sequential(nn.LayerNorm(3)), 'the layer "0", LayerNorm'),
        (lambda: nn.MultiheadAttention(4, 2), 'the layer "", MultiheadAttention'),
    ],
)
def test_a_layer_without_a_rule_is_refused(network, message):
    with pytest.raises(ValueError, match=f'backprop has no rule for {message}'):
        check_rules(network())


@pytest.mark.parametrize(
    'layers, x, message',
    [
        ([nn.Flatten(), layer([1, 1])], [1.0, -1], 'negative inputs, .* "2" has'),
        ([nn.BatchNorm2d(1).eval(), pointwise([1])], [1.0, 1], 'the batch norm "1"'),
    ],
)
def test_what_no_rule_is_for_is_refused(layers, x, message):
    with pytest.raises(ValueError, match=f'excitation backprop has no rule.*{message}'):
        mwp(nn.Sequential(nn.Identity(), *layers), x, 0)


def test_contrastive_maps_need_a_linear_layer_at_the_end():
    ends = pointwise([1], [2]), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    with pytest.raises(ValueError, match='ends with a linear layer, got Conv2d'):
        mwp(nn.Sequential(nn.Identity(), *ends), [1.0], 0, contrastive=True)


@pytest.mark.parametrize(
    'options, message',
    [
        (
            dict(contrastive=True, combination=QUADRATIC),
            'set contrastive or combination',
        ),
        (
            dict(combination=dict(type='mmccam.Saliency')),
            'a combination .*got Saliency',
        ),
        (dict(combination=dict(TOP_BOTTOM, j=9)), r'at most the number of classes 4'),
        (dict(layer='backbone.layer5'), 'has no layer "backbone.layer5"'),
    ],
)
def test_wrong_options_are_refused(options, message):
    options = dict(dict(layer='backbone.layer2'), **options)
    with pytest.raises(ValueError, match=message):
        resnet(cam=dict(type='mmccam.ExcitationBackprop', **options))
