"""Boxes from classifiers of torch."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mmccam.cam import top_bottom
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
        assert (other['label'], other['box']) == (0, wanted['box'])
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


@pytest.mark.slow
def test_openmmlab_is_not_needed():
    command = [sys.executable, '-c', PURE]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, '4\n'), result.stderr
