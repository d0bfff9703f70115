"""Small networks for the tests of saliency methods."""

import sys

import pytest
import torch
from mmpretrain.models.backbones import VGG
from mmpretrain.structures import DataSample
from norms import shuffle_norms
from torch import nn

from mmccam.models import SaliencyClassifier


def layer(*weight, bias=0.0):
    """A linear layer with these rows of weights, and one bias for all."""
    layer = nn.Linear(len(weight[0]), len(weight))
    layer.weight.data = torch.tensor(weight, dtype=torch.float)
    nn.init.constant_(layer.bias, bias)
    return layer


def pointwise(*weight):
    """The same as a 1 x 1 convolution."""
    layer = nn.Conv2d(len(weight[0]), len(weight), 1, bias=False)
    layer.weight.data = torch.tensor(weight, dtype=torch.float)[:, :, None, None]
    return layer


def classifier(backbone, head, **cams):
    """A classifier of 4 classes in float64, frozen, with the maps that are named."""
    cams = cams or dict(gradient=dict(type='mmccam.Saliency'))
    head = dict(type=f'mmccam.{head}', num_classes=4, cams=cams)
    if head['type'] == 'mmccam.GAPClsHead':
        head['in_channels'] = 64
    return SaliencyClassifier(backbone, head=head).double().eval().requires_grad_(False)


def resnet(backbone='ResNet', **cams):
    """A narrow ResNet-18 whose batch norms also have negative scales."""
    torch.manual_seed(0)
    cfg = dict(type=backbone, depth=18, base_channels=8, stem_channels=8)
    model = shuffle_norms(classifier(cfg, 'GAPClsHead', **cams))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data[::3] *= -1
    return model


def vgg(**cams):
    """The VGG-11 of mmpretrain with narrow fully connected layers.

    Images must have 32 x 32 pixels.
    """
    torch.manual_seed(0)
    with torch.device('meta'):
        network = VGG(depth=11, num_classes=4)
    network.features.to_empty(device='cpu')
    _, *inner, _ = network.classifier
    inner[2] = nn.Linear(16, 16)
    network.classifier = nn.Sequential(nn.Linear(512, 16), *inner, nn.Linear(16, 4))
    network.apply(initialize)
    return classifier(network, 'SaliencyClsHead', **cams)


def initialize(module):
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight)
        nn.init.normal_(module.bias, std=0.1)


def predict(model, images, *labels, mode='predict'):
    """As the runner does."""
    samples = [DataSample().set_gt_label(label) for label in labels]
    with torch.no_grad():
        return model(images, samples or None, mode=mode)


def captum():
    """The library captum, which needs Python 3.10."""
    if sys.version_info < (3, 10):
        pytest.skip('captum for numpy 2 needs Python 3.10')
    import captum.attr

    return captum.attr
