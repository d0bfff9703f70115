"""Grad-CAM, Grad-CAM++ and LayerCAM."""

import pytest
import torch
from saliency_networks import captum, layer, resnet, vgg
from torch import nn

from mmccam.models.saliency.grad_cam import GradCAM, GradCAMPlusPlus, LayerCAM


@pytest.mark.parametrize(
    'method, expected',
    [
        # Means of the gradients 7/4, -1: 7/4 * 1 - 2, 7/4 * 3.
        (GradCAM, [0, 21 / 4]),
        # Weights 4 / (2 + 4 * 4) and 1 / (2 + 1 * 2) of the positive gradients alone.
        (GradCAMPlusPlus, [2 / 9 * 1 + 1 / 4 * 2, 2 / 9 * 3]),
        (LayerCAM, [4 * 1.0, 0]),
    ],
)
def test_a_map_of_two_positions(method, expected):
    # Two channels, 1, 3 and 2, 0, with the gradients 4, -1/2 and -3, 1. Of Grad-CAM++
    # one denominator, 2 - 1/2 * (1 + 3), is 0.
    network = nn.Sequential(nn.Identity(), nn.Flatten(), layer([4, -0.5, -3, 1]))
    images = torch.tensor([[[[1.0, 3]], [[2, 0]]]], requires_grad=True)
    (cam,) = method('0').maps(network, images, torch.tensor([0]))
    torch.testing.assert_close(cam, torch.tensor([expected]))


@pytest.mark.parametrize(
    'network, name',
    [
        (resnet, 'backbone.layer2'),
        (resnet, 'backbone.layer3.0.conv1'),
        (vgg, 'backbone.features.4'),
        (vgg, 'backbone.features.5.conv'),  # what follows changes it in place
    ],
)
def test_maps_are_those_of_captum(network, name):
    model = network()
    images = torch.randn(2, 3, 32, 32, dtype=torch.double, requires_grad=True)
    targets = torch.tensor([3, 1])
    found = GradCAM(name).maps(model, images, targets)
    other = captum().LayerGradCam(model, model.get_submodule(name))
    expected = other.attribute(images, target=targets, relu_attributions=True)
    assert found.max() > 0
    torch.testing.assert_close(found, expected[:, 0], rtol=1e-12, atol=1e-14)


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match='has no layer "backbone.layer5"'):
        resnet(cam=dict(type='mmccam.LayerCAM', layer='backbone.layer5'))


@pytest.mark.parametrize(
    'name, message',
    [
        (None, r'the last layer before the head gives \(1, 4\)'),
        ('backbone.classifier.3', r'the layer "backbone.*3" gives \(1, 16\)'),
        ('backbone', 'the layer "backbone" gives a tuple: name another layer'),
    ],
)
def test_a_layer_without_maps_is_refused(name, message):
    images = torch.randn(1, 3, 32, 32, dtype=torch.double, requires_grad=True)
    with pytest.raises(ValueError, match=message):
        GradCAM(name).maps(vgg(), images, torch.tensor([0]))
