"""Where classifiers of torch have maps, and which have none."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch import nn

from mmccam.cam import polynomial
from mmccam.torch_localizer import TorchLocalizer

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


class Functional(nn.Module):
    """Features that are made by functions, between the modules that are given."""

    def __init__(self, pool, *head, kernel=3):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, kernel), nn.Sequential(*head)
        self.pool = pool

    def forward(self, x):
        return self.head(self.pool(self.conv(x)))


def mean_of_relu(x):
    return F.relu(x, inplace=True).mean(dim=(2, 3))


FLAT = (nn.Flatten(), nn.Linear(4, 5))


class Keywords(Functional):
    """Inputs are given by keyword, and one has no mean."""

    def __init__(self):
        head = (nn.AdaptiveAvgPool2d(1), nn.Identity(), nn.Linear(4, 5))
        super().__init__(nn.Sigmoid(), *head)

    def forward(self, x):
        pool, same, fc = self.head
        x = self.conv(x).sigmoid()
        means = pool(input=x).flatten(1)
        same((x > 0.5).long())
        return fc(input=means)


class Mean(nn.Module):
    """The mean of maps (N, h, w, C)."""

    def forward(self, x):
        return x.mean(dim=(1, 2))


class Shared(Functional):
    """One activation is called thrice, the map is its second output."""

    def __init__(self):
        super().__init__(nn.ReLU(), nn.Linear(4, 5))

    def forward(self, x):
        x = self.pool(self.pool(self.conv(x)) - 0.1)
        scores = self.head(x.mean(dim=(2, 3)))
        self.pool(x - 1)
        return scores


class Output(NamedTuple):
    logits: torch.Tensor


class Wrap(nn.Module):
    def forward(self, x):
        return Output(x)


ACCEPTED = {
    'relu in place': Functional(mean_of_relu, nn.Linear(4, 5)),
    'convolution behind the pooling': Functional(
        nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 5, 1), nn.Flatten()
    ),
    'convolution before the pooling': Functional(
        nn.Identity(), nn.Conv2d(4, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
    'no bias': Functional(mean_of_relu, nn.Linear(4, 5, bias=False)),
    'rounding between': Functional(
        lambda x: mean_of_relu(x).bfloat16(), nn.Linear(4, 5).bfloat16()
    ),
    'keywords': Keywords(),
    'shared activation': Shared(),
}
REFUSED = {
    'norm': (
        Functional(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(4), FLAT[1]),
        r'the norm head.1 \(LayerNorm\) is between the pooling and head.2',
    ),
    'two layers': (
        Functional(mean_of_relu, nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5)),
        r'there are two linear layers, head.0 \(Linear\) is before head.2',
    ),
    'maximum': (
        Functional(nn.AdaptiveMaxPool2d(1), *FLAT),
        'no feature map has the input of head.1 as its mean; or it is pooled, but',
    ),
    'function': (
        Functional(lambda x: x.sigmoid().mean(dim=(2, 3)), nn.Linear(4, 5)),
        'no module has the map as input or output',
    ),
    'softmax': (
        Functional(mean_of_relu, nn.Linear(4, 5), nn.Softmax(dim=1)),
        'maps need a last linear layer whose outputs are the scores; Functional has no',
    ),
    'segmentation': (
        Functional(nn.Identity()),
        r'a classifier must return scores \(N, K\), got \(1, 4, 30, 30\)',
    ),
    'structure': (
        Functional(mean_of_relu, nn.Linear(4, 5), Wrap()),
        'wrap it so that it does, got Output',
    ),
}


def run(model, size=32):
    localizer = TorchLocalizer(model, size=size)
    return localizer(IMAGE, 'rgb')[0]['predictions'][0]


@pytest.mark.parametrize('name', ACCEPTED)
def test_classifiers_with_maps(name):
    assert run(ACCEPTED[name])['cam'].shape == (30, 30)


def test_maps_with_channels_last_are_the_same():
    model = Functional(mean_of_relu, nn.Linear(4, 5))
    wanted = run(model)['cam']
    model.pool = lambda x: F.relu(x).permute(0, 2, 3, 1)
    model.head = nn.Sequential(Mean(), *model.head)
    np.testing.assert_allclose(run(model)['cam'], wanted, atol=1e-6)


def test_a_map_of_one_position_is_none():
    with pytest.raises(ValueError, match='no map of several positions .* too small'):
        run(ACCEPTED['no bias'], size=3)


def test_of_maps_with_one_mean_the_last_is_used():
    model = Functional(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), *FLAT)
    assert run(model)['cam'].shape == (15, 15)


@pytest.mark.parametrize('name', REFUSED)
def test_classifiers_without_maps_are_refused_with_the_reason(name):
    model, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason):
        run(model)


def test_autocast_rounds_features_but_not_sums_of_them():
    # g of a thousand classes: what bfloat16 leaves of it is noise.
    torch.manual_seed(0)
    model = Functional(mean_of_relu, nn.Linear(4, 1000))
    localizer = TorchLocalizer(model, 32, combination=partial(polynomial, degree=2))
    image = Image.fromarray(IMAGE)
    (wanted,) = localizer(image, labels=5)
    with torch.autocast('cpu', torch.bfloat16):
        (found,) = localizer(image, labels=5)
    wanted, found = (one['predictions'][0]['cam'] for one in (wanted, found))
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()


def test_each_image_is_checked():
    """The maximum is the mean in an image of one colour, and in no other."""
    model = Functional(nn.AdaptiveMaxPool2d(1), *FLAT)
    grey = Image.new('RGB', (40, 40), 'grey')
    localizer = TorchLocalizer(model, 32)
    localizer(grey)
    reason = 'scores of Functional are not the means of the maps of .* plus a bias'
    with pytest.raises(ValueError, match=reason):
        localizer([grey, Image.fromarray(IMAGE)])


def test_scores_that_are_no_numbers_are_refused():
    model = Functional(mean_of_relu, nn.Linear(4, 5))
    model.head[0].bias.data[1] = torch.inf
    with pytest.raises(ValueError, match='the scores of Functional are NaN or infin'):
        run(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    'name',
    [
        *('resnet18', 'densenet121', 'efficientnet_b0', 'mobilenet_v2'),
        *('regnet_y_400mf', 'swin_t', 'inception_v3'),
    ],
)
def test_networks_of_torchvision(name):
    is_inception = name == 'inception_v3'
    options = dict(init_weights=False) if is_inception else {}
    model = getattr(torchvision.models, name)(num_classes=7, **options)
    cam = run(model, size=139 if is_inception else 96)['cam']
    assert cam.shape == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('alexnet', 'there are two linear layers, classifier.4'),
        ('mobilenet_v3_small', 'there are two linear layers, classifier.0'),
        ('convnext_tiny', 'the norm classifier.0 .* is between the pooling and'),
        ('vit_b_16', r'heads.head gets one token of encoder \(Encoder\)'),
    ],
)
def test_networks_of_torchvision_without_maps(name, reason):
    model = getattr(torchvision.models, name)(num_classes=7)
    with pytest.raises(ValueError, match=reason):
        run(model, size=224 if name.startswith('vit') else 64)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['resnet18', 'efficientnet_b0', 'regnety_002'])
def test_networks_of_timm(name):
    timm = pytest.importorskip('timm')
    assert run(timm.create_model(name, num_classes=7), size=96)['cam'].shape == (3, 3)
