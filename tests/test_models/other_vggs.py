"""Weights of a VGG under the names of each program, by default without data."""

import torch
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from mmccam.models import GAPClsHead, NonLocalVGG

LETTERS = {11: 'A', 13: 'B', 16: 'D', 19: 'E'}
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
    layers, width, stage = [], 3, 1
    with torch.device(device):
        for layer in make_layers(cfgs[LETTERS[depth]]):
            width = getattr(layer, 'out_channels', width)
            pool = isinstance(layer, nn.MaxPool2d)
            layers += [] if pool and stage == 5 else [layer]
            if pool and stage in stages:
                layers.append(ReleasedBlock(width, reduction))
            stage += pool
        classifier = nn.Sequential(nn.Linear(512, 7))
    parts = dict(conv=nn.Sequential(*layers), classifier=classifier)
    return dict(nn.ModuleDict(parts).state_dict())


def torchvision(depth=11, norm=False, device='meta'):
    """Weights of torchvision's VGG without those of its classifier."""
    with torch.device(device):
        layers = make_layers(cfgs[LETTERS[depth]], norm)
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
