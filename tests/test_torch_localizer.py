"""Boxes from classifiers of torch."""

import subprocess
import sys
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch import nn

from mmccam.cam import polynomial, top_bottom
from mmccam.torch_localizer import TorchLocalizer

# Four stripes, 8 pixels wide and high: red, green, blue, white.
STRIPES = np.zeros((8, 32, 3), np.uint8)
for stripe, colour in enumerate(np.vstack([np.eye(3), np.ones(3)])):
    STRIPES[:, 8 * stripe : 8 * stripe + 8] = 255 * colour
PURE = """
import sys
for name in ('mmengine', 'mmcv', 'mmpretrain'):
    sys.modules[name] = None
import mmccam, numpy, torchvision
model = torchvision.models.resnet18(num_classes=3)
localize = mmccam.TorchLocalizer(model, size=64)
image = numpy.random.default_rng(0).integers(0, 256, (40, 60, 3), 'uint8')
print(len(localize(image, 'rgb')[0]['predictions'][0]['box']))
"""


class Colours(nn.Module):
    """Three classes, whose maps are R, G and B in patches of 8 x 8 pixels."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 3, 8, 8, bias=False), nn.Linear(3, 3)
        self.conv.weight.data = 2 * torch.eye(3)[..., None, None].expand(-1, -1, 8, 8)
        self.conv.weight.data = self.conv.weight.data / 64
        self.fc.weight.data = torch.eye(3) / 2
        self.fc.bias.data = torch.tensor([0.1, 0.3, 0.2])

    def forward(self, x):
        return self.fc(self.conv(x).mean(dim=(2, 3)))


def localizer(**kwargs):
    options = dict(size=32, mean=[0, 0, 0], std=[1, 1, 1], threshold=0.9)
    return TorchLocalizer(Colours(), **{**options, **kwargs})


def localize(image, *args, **kwargs):
    return localizer(**kwargs)(image, *args)[0]


def test_classes_maps_and_boxes():
    found = localize(Image.fromarray(STRIPES), num_guesses=3, classes='RGB')

    assert (found['width'], found['height']) == (32, 8)
    # The bias decides: each colour is in two of the four stripes.
    assert [one['class_name'] for one in found['predictions']] == ['G', 'B', 'R']
    green, *_, red = found['predictions']
    np.testing.assert_allclose(green['cam'], [[0, 1, 0, 1]] * 4, atol=0.01)
    np.testing.assert_allclose(red['cam'], [[1, 0, 0, 1]] * 4, atol=0.01)
    scores = np.exp([0.8, 0.7, 0.6])
    assert green['score'] == pytest.approx(scores[0] / scores.sum(), abs=1e-3)
    # Of two components of equal size, one stripe each.
    assert green['box'][1::2] == [0, 7] and green['box'][2] - green['box'][0] < 8


def test_combination_of_the_maps_of_all_classes():
    combination = partial(top_bottom, i=1, j=1)
    shared = dict(combination=combination, target_first=False, num_guesses=2)
    first, second = localize(Image.fromarray(STRIPES), **shared)['predictions']
    # G minus R.
    np.testing.assert_allclose(first['cam'], [[-1, 1, 0, 0]] * 4, atol=0.01)
    np.testing.assert_array_equal(first['cam'], second['cam'])
    own = localize(Image.fromarray(STRIPES), combination=combination, num_guesses=2)
    cam = own['predictions'][1]['cam']  # B minus R
    np.testing.assert_allclose(cam, [[-1, 0, 1, 0]] * 4, atol=0.01)


def test_a_known_label_has_its_own_box_whatever_its_rank():
    images = [Image.fromarray(STRIPES)] * 3
    results = localizer(num_guesses=2)(images, labels=[0, 2, 0], batch_size=2)
    assert [len(result['predictions']) for result in results] == [1, 1, 1]
    red, blue, again = (result['predictions'][0] for result in results)
    assert (red['label'], blue['label']) == (0, 2)
    np.testing.assert_allclose(red['cam'], [[1, 0, 0, 1]] * 4, atol=0.01)
    np.testing.assert_allclose(blue['cam'], [[0, 0, 1, 1]] * 4, atol=0.01)
    assert blue['box'] == [19, 0, 31, 7]  # 0.9 is at (x + 0.5) / 8 - 0.5 = 1.9
    assert again['box'] == red['box']
    # The same in a guess, and for one image.
    *_, guess = localize(images[0], num_guesses=3)['predictions']
    assert (guess['label'], guess['score']) == (0, red['score'])
    (one,) = localizer()(images[0], labels=torch.tensor(0))
    assert one['predictions'][0]['box'] == red['box']


@pytest.mark.parametrize(
    ('labels', 'message'),
    [
        ([0, 3], 'a label must be a number from 0 to 2, got 3'),
        ([-1, 0], 'from 0 to 2, got -1'),
        (['R', 'G'], "from 0 to 2, got 'R'"),
        ([0], 'each image must have one label'),
        ([0, 1, 2], 'each image must have one label'),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        localizer()([Image.fromarray(STRIPES)] * 2, labels=labels)


def test_all_kinds_of_images_give_the_same():
    red = STRIPES.copy()
    red[..., 1:] //= 4
    tensor = torch.from_numpy(red).permute(2, 0, 1) / 255
    inputs = [(Image.fromarray(red),), (red, 'rgb'), (red[..., ::-1], 'bgr')]
    wanted, *others = [localize(*one)['predictions'][0] for one in inputs]
    assert wanted['label'] == 0
    for other in others:
        assert other['box'] == wanted['box']
        np.testing.assert_array_equal(other['cam'], wanted['cam'])
    (found,) = localize(tensor)['predictions']
    assert found['label'] == 0 and found['cam'].shape == (1, 4)


@pytest.mark.parametrize(
    ('image', 'error', 'message'),
    [
        (STRIPES, ValueError, "an array needs channel_order='rgb' .* or 'bgr' .* None"),
        ('bird.jpg', TypeError, 'an image must be of PIL, an array or a tensor, got s'),
        ([torch.rand(3, 8, 8), torch.rand(3, 8, 9)], ValueError, 'must have one shape'),
        (torch.ones(3, 8, 8, dtype=torch.uint8), ValueError, r'normalized, .*uint8'),
        ([torch.rand(8, 8)], ValueError, r'normalized, \(3, H, W\), got .* \(8, 8\)'),
    ],
)
def test_what_is_no_image_is_refused(image, error, message):
    with pytest.raises(error, match=message):
        localize([image] if isinstance(image, str) else image)


def test_arrays_of_floats_are_refused():
    with pytest.raises(ValueError, match=r'must be \(H, W, 3\), uint8, .* float64'):
        localize(STRIPES / 255, 'rgb')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_guesses=4), 'between 1 and the number of classes 3, got 4'),
        (dict(classes=['a']), 'has 3 classes, but 1 names'),
        (dict(threshold=2), 'threshold must be at least 0 and below 1 .* got 2'),
        (
            dict(combination=lambda count: torch.ones(2)),
            'must give 3 .* shape \\(2,\\)',
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        localize(Image.fromarray(STRIPES), **options)


def test_the_model_stays_in_training_where_it_was():
    model = nn.Sequential(nn.Dropout(), Colours()).train()
    model[1].eval()
    TorchLocalizer(model, size=32)(Image.fromarray(STRIPES))
    assert model.training and model[0].training and not model[1].training


def test_the_module_in_a_parallel_one_is_used():
    model = Colours()
    assert TorchLocalizer(nn.DataParallel(model)).model is model


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_give_maps_in_float32(dtype):
    (found,) = TorchLocalizer(Colours().to(dtype), 32, [0] * 3, [1] * 3)(
        Image.fromarray(STRIPES)
    )
    (found,) = found['predictions']
    assert found['label'] == 1 and found['cam'].dtype == np.float32
    np.testing.assert_allclose(found['cam'], [[0, 1, 0, 1]] * 4, atol=0.02)


def test_autocast_rounds_features_but_not_sums_of_them():
    # g of a thousand classes: what bfloat16 leaves of it is noise.
    torch.manual_seed(0)
    model = Functional(mean_of_relu, nn.Linear(4, 1000))
    localizer = TorchLocalizer(model, 32, combination=partial(polynomial, degree=2))
    image = Image.fromarray(STRIPES)
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
        localizer([grey, Image.fromarray(STRIPES)])


def test_scores_that_are_no_numbers_are_refused():
    model = Colours()
    model.fc.bias.data[1] = torch.inf
    with pytest.raises(ValueError, match='the scores of Colours are NaN or infinite'):
        run(model)


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
    """The last layer and the pooling get their inputs by keyword, and an index."""

    def __init__(self):
        super().__init__(nn.MaxPool2d(1), nn.AdaptiveAvgPool2d(1), *FLAT)

    def forward(self, x):
        pool, _, fc = self.head
        x = self.pool(self.conv(x).sigmoid().clone())
        return fc(input=pool(input=x).flatten(1))


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
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    localizer = TorchLocalizer(model, size=size)
    return localizer(image, 'rgb')[0]['predictions'][0]


@pytest.mark.parametrize('name', ACCEPTED)
def test_classifiers_with_maps(name):
    assert run(ACCEPTED[name])['cam'].shape == (30, 30)


@pytest.mark.parametrize('name', REFUSED)
def test_classifiers_without_maps_are_refused_with_the_reason(name):
    model, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason):
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


@pytest.mark.slow
def test_openmmlab_is_not_needed():
    command = [sys.executable, '-c', PURE]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, '4\n'), result.stderr
