"""Backprop, deconvolution and guided backpropagation."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.backbones import VisionTransformer
from saliency_networks import captum, classifier, layer, pointwise, resnet, vgg
from torch import nn

from mmccam.models.saliency.gradient import Deconvolution, GuidedBackprop, Saliency

METHODS = [Saliency, Deconvolution, GuidedBackprop]


@pytest.fixture(scope='module', params=[resnet, vgg])
def model(request):
    return request.param()


class ReLU(nn.Module):
    """A ReLU by the function that it is given."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def of_one_pixel(relu=None):
    """Two classes of h = relu(2 r), relu(-3 g), relu(5 b) of one pixel."""
    first = pointwise([2, 0, 0], [0, -3, 0], [0, 0, 5])
    last = layer([7, 11, -13], [-17, 1, 1])
    return nn.Sequential(first, relu or nn.ReLU(inplace=True), nn.Flatten(), last)


def maps_of_one_pixel(method, network):
    images = torch.ones(2, 3, 1, 1, requires_grad=True)
    return method().maps(network, images, torch.tensor([0, 1])).flatten().tolist()


@pytest.mark.parametrize(
    'method, expected',
    [
        # h has the gradients 7, 11, -13 and -17, 1, 1. The second is behind 0.
        (Saliency, [65, 34]),  # max |2 * 7|, |5 * -13|; max |2 * -17|, |5 * 1|
        (Deconvolution, [33, 5]),  # max |2 * 7|, |-3 * 11|; max |-3 * 1|, |5 * 1|
        (GuidedBackprop, [14, 5]),  # |2 * 7|; |5 * 1|
    ],
)
def test_a_map_of_one_pixel(method, expected):
    assert maps_of_one_pixel(method, of_one_pixel()) == expected


@pytest.mark.parametrize(
    'function',
    [
        F.relu,
        lambda x: F.relu(x, inplace=True),
        torch.relu,
        torch.relu_,
        lambda x: x.relu(),
        lambda x: x.relu_(),
    ],
)
def test_a_relu_is_found_in_each_form(function):
    assert maps_of_one_pixel(GuidedBackprop, of_one_pixel(ReLU(function))) == [14, 5]


def test_backprop_is_the_slope_of_the_score():
    model, step = resnet(), 1e-6
    images = torch.randn(1, 3, 32, 32, dtype=torch.double, requires_grad=True)
    (cam,) = Saliency().maps(model, images, torch.tensor([2]))
    for y, x in [(3, 5), (20, 9)]:
        slopes = []
        for colour in range(3):
            changed = images.detach().repeat(2, 1, 1, 1)
            changed[:, colour, y, x] += torch.tensor([step, -step])
            high, low = model(changed)[:, 2].tolist()
            slopes.append(abs(high - low) / (2 * step))
        assert cam[y, x].item() == pytest.approx(max(slopes), rel=1e-5)


@pytest.mark.filterwarnings('ignore:Setting backward hooks on ReLU')
@pytest.mark.parametrize('method', METHODS)
def test_maps_are_those_of_captum(model, method):
    images = torch.randn(2, 3, 32, 32, dtype=torch.double, requires_grad=True)
    targets = torch.tensor([3, 1])
    found = method().maps(model, images, targets)
    other = getattr(captum(), method.__name__)(model)
    expected = other.attribute(images, target=targets).abs().amax(dim=1)
    assert found.max() > 0
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize('name', ['Deconvolution', 'GuidedBackprop', 'Feedback'])
def test_a_network_without_relu_is_refused(name):
    vgg = dict(type='VGG', depth=11, num_stages=1, dilations=(1,), out_indices=(0,))
    vgg['act_cfg'] = dict(type='LeakyReLU')
    with pytest.raises(ValueError, match='the ReLUs of a .*, and this one has Leaky'):
        classifier(vgg, 'GAPClsHead', cam=dict(type=f'mmccam.{name}'))


def test_a_transformer_is_refused():
    sizes = dict(embed_dims=4, num_layers=1, num_heads=1, feedforward_channels=4)
    vit = VisionTransformer(sizes)
    with pytest.raises(ValueError, match='this one has GELU'):
        Deconvolution().check(vit)


def test_a_network_that_calls_no_relu_is_refused():
    network = of_one_pixel(ReLU(F.leaky_relu))
    Deconvolution().check(network)  # what its functions are is not known yet
    with pytest.raises(ValueError, match='and this one has none'):
        maps_of_one_pixel(Deconvolution, network)
