"""Weights of a VGG under the names of each program, by default without data."""

import torch
from torch import nn
from torchvision.models import vgg as torchvision_vgg

from mmccam.models import GAPClsHead, NonLocalVGG

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


def released(depth=11, stages=(2, 5), reduction=8, device='meta'):
    """Weights of the released network, whose layers are in the order of computation."""
    layers, channels = [], 3
    with torch.device(device):
        for stage, count in enumerate(CONVOLUTIONS[depth], 1):
            width = 64 * 2 ** min(stage - 1, 3)
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3), nn.LeakyReLU(0.2)]
                channels = width
            layers += [nn.MaxPool2d(2)] if stage < 5 else []
            layers += [ReleasedBlock(width, reduction)] if stage in stages else []
        classifier = nn.Sequential(nn.Linear(512, 7))
    parts = dict(conv=nn.Sequential(*layers), classifier=classifier)
    return dict(nn.ModuleDict(parts).state_dict())


def torchvision(depth=11, norm=False, device='meta'):
    """Weights of torchvision's VGG without those of its classifier."""
    letter = {11: 'A', 13: 'B', 16: 'D', 19: 'E'}[depth]
    with torch.device(device):
        layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs[letter], norm)
    return dict(nn.ModuleDict(dict(features=layers)).state_dict())


def mmccam(*args, num_classes=None, **kwargs):
    parts = nn.ModuleDict()
    with torch.device('meta'):
        parts['backbone'] = NonLocalVGG(*args, **kwargs)
        if num_classes:
            parts['head'] = GAPClsHead(num_classes, in_channels=512)
    return dict(parts.state_dict())


def without(weights, *endings):
    return {k: v for k, v in weights.items() if not k.endswith(endings)}
