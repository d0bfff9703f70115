import cv2
import numpy as np
import pytest
from predictions import evaluate, sample_of

from mmccam.evaluation import PxAP


def columns(*values):
    """224 x 224 pixels with four columns of equal width."""
    return np.tile(np.repeat(values, 56), (224, 1))


SCORES = columns(1, 0.5, 0.25, 0)  # a map that is not resized
FIRST_AND_THIRD = columns(1, 0, 1, 0)


@pytest.fixture
def image(tmp_path):
    """Make a prediction with the files of its masks."""

    def mask_file(mask):
        path = str(tmp_path / f'{len(list(tmp_path.iterdir()))}.png')
        cv2.imwrite(path, np.where(mask, 255, 0).astype(np.uint8))
        return path

    def image(*masks, cam=SCORES, size=(224, 224), ignore=None):
        sample = sample_of(cam, size=size, loc_masks=[mask_file(m) for m in masks])
        if ignore is not None:
            sample['loc_ignore'] = mask_file(ignore)
        return sample

    return image


def px_ap(*samples, **kwargs):
    return evaluate('PxAP', samples, **kwargs)['px_ap']


@pytest.mark.parametrize(
    ('foreground', 'background', 'expected'),
    [
        ([0, 1], [1, 0], 100),
        ([1, 0], [0, 1], 50),  # a precision of 1/2 at the last
        # From above: P = 1, 1/2, 2/4 where R rises by 1/2, 0, 1/2. Empty bins change
        # nothing, also above all pixels.
        ([1, 0, 0, 1, 0], [1, 0, 1, 0, 0], 75),
        # P = 0/1, 3/5, 4/7 where R rises by 0, 3/4, 1/4.
        ([1, 3, 0], [1, 1, 1], 100 * (3 / 5 * 3 / 4 + 4 / 7 / 4)),
    ],
)
def test_average_precision(foreground, background, expected):
    value = PxAP.average_precision(np.array(foreground), np.array(background))
    assert value == pytest.approx(expected, rel=1e-12)


ORDER = 100 * (1 / 2 + 1 / 3)  # of FIRST_AND_THIRD by SCORES


@pytest.mark.parametrize(
    ('masks', 'arguments', 'expected'),
    [
        ([columns(1, 0, 0, 0)], {}, 100),
        # From above: P = 1, 1/2, 2/3, 2/4 where R rises by 1/2, 0, 1/2, 0.
        ([FIRST_AND_THIRD], {}, ORDER),
        # 0.25 and 0 are in one bin: P = 1, 1/2, 2/4.
        ([FIRST_AND_THIRD], dict(step=0.5), 75),
        # Only 1 is above the last threshold: P = 1, 2/4.
        ([FIRST_AND_THIRD], dict(step=0.9), 75),
        # The foreground is the union of instances; the third column counts once.
        ([columns(1, 0, 0, 0), columns(0, 0, 1, 0)], {}, ORDER),
        ([columns(0, 0, 1, 0), FIRST_AND_THIRD], {}, ORDER),
    ],
)
def test_masks_and_steps(image, masks, arguments, expected):
    assert px_ap(image(*masks), **arguments) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('ignore', 'expected'),
    [
        # Without the second column the order is perfect.
        (columns(0, 1, 0, 0), 100),
        # Foreground stays foreground. Without the first column P would be 1/2.
        (columns(1, 0, 0, 0), ORDER),
    ],
)
def test_ignored_pixels(image, ignore, expected):
    sample = image(FIRST_AND_THIRD, ignore=ignore)
    assert px_ap(sample) == pytest.approx(expected)
    for nothing in (None, ''):
        assert px_ap(dict(sample, loc_ignore=nothing)) == pytest.approx(ORDER)


def test_no_image_with_foreground(image):
    with pytest.raises(ValueError, match='the masks of all images are empty'):
        px_ap(image(columns(0, 0, 0, 0)), image(columns(0, 0, 0, 0)))


def test_record_has_the_pixels_by_score(image):
    # Thresholds 0 and 0.5, then 1 and two bins that no score reaches.
    record = PxAP('cam', step=0.5).record(image(columns(1, 1, 1, 0)), SCORES)
    column = 56 * 224
    assert record.tolist() == [[column, column, column, 0], [column, 0, 0, 0]]
    # 224 x 224 pixels in one bin, and more than 65535 of several images.
    metric, cam = PxAP('cam'), np.zeros((14, 14))
    records = [metric.record(image(columns(1, 1, 1, 1)), cam)] * 3
    assert records[0][0, 0] == 50176
    records.append(metric.record(image(columns(0, 0, 0, 0)), cam))
    assert metric.summarize(records) == pytest.approx(dict(px_ap=75))


@pytest.mark.parametrize(
    ('scaled', 'good', 'wrong'),
    [
        # Of a non-square image, 30 rows and 40 columns.
        (False, [(30, 40)], [(60, 80), (40, 30), (31, 40), (30, 39)]),
        # 1.7 times is 51 x 68, where another program may round otherwise.
        (
            True,
            [(30, 40), (15, 20), (51, 68), (52, 68)],
            [(40, 30), (60, 90), (30, 44)],
        ),
    ],
)
def test_masks_have_the_shape_of_the_image(image, scaled, good, wrong):
    for shape in good:
        mask = np.zeros(shape)
        mask[:, : shape[1] // 4] = 1
        sample = image(mask, cam=columns(1, 0, 0, 0), size=(40, 30))
        assert px_ap(sample, scaled_masks=scaled) == 100
    for height, width in wrong:
        mask, right = np.ones((height, width)), np.ones((30, 40))
        message = f'png has {width} x {height} pixels, its image bird.jpg 40 x 30'
        for first, ignore in ((mask, None), (right, mask)):
            with pytest.raises(ValueError, match=rf'the mask .*\.{message}'):
                sample = image(first, size=(40, 30), ignore=ignore)
                px_ap(sample, scaled_masks=scaled)


def test_image_without_masks(image):
    for masks in ([], None):
        with pytest.raises(ValueError, match='bird.jpg has no mask'):
            px_ap(dict(image(), loc_masks=masks))
