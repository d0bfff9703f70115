import cv2
import numpy as np
import pytest

from mmccam.evaluation import PxAP


@pytest.fixture
def mask_file(tmp_path):
    """Write a mask, 0 or another value, and give its path."""

    def mask_file(mask, value=255):
        path = str(tmp_path / f'{len(list(tmp_path.iterdir()))}.png')
        cv2.imwrite(path, np.where(mask, value, 0).astype(np.uint8))
        return path

    return mask_file


def columns(*values):
    """224 x 224 pixels with four columns of equal width."""
    return np.tile(np.repeat(values, 56), (224, 1))


SCORES = columns(1, 0.5, 0.25, 0)  # a map that is not resized
FIRST_AND_THIRD = columns(1, 0, 1, 0)


@pytest.fixture
def image(sample_of, mask_file):
    """Make a prediction with the files of its masks."""

    def image(*masks, cam=SCORES, size=(224, 224), ignore=None):
        sample = sample_of(cam, size=size, loc_masks=[mask_file(m) for m in masks])
        if ignore is not None:
            sample['loc_ignore'] = mask_file(ignore)
        return sample

    return image


@pytest.fixture
def px_ap(evaluate):
    """Evaluate samples."""

    def px_ap(*samples, **kwargs):
        return evaluate('PxAP', samples, **kwargs)['px_ap']

    return px_ap


@pytest.mark.parametrize(
    ('foreground', 'background', 'expected'),
    [
        ([0, 1], [1, 0], 100),
        ([1, 0], [0, 1], 50),  # a precision of 1/2 at the last
        # From above: P = 1, 1/2, 2/4 where R rises by 1/2, 0, 1/2.
        ([1, 0, 1], [1, 1, 0], 75),
        # Empty bins change nothing, also above all pixels.
        ([1, 0, 0, 1, 0], [1, 0, 1, 0, 0], 75),
        # P = 0/1, 3/5, 4/7 where R rises by 0, 3/4, 1/4.
        ([1, 3, 0], [1, 1, 1], 100 * (3 / 5 * 3 / 4 + 4 / 7 / 4)),
        ([5], [15], 25),
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
        ([columns(1, 1, 0, 0)], dict(step=0.01), 100),
        # From above: P = 1, 1/2, 2/3, 2/4 where R rises by 1/2, 0, 1/2, 0.
        ([FIRST_AND_THIRD], {}, ORDER),
        ([FIRST_AND_THIRD], dict(step=0.25), ORDER),
        # 0.25 and 0 are in one bin: P = 1, 1/2, 2/4.
        ([FIRST_AND_THIRD], dict(step=0.5), 75),
        # Only 1 is above the last threshold: P = 1, 2/4.
        ([FIRST_AND_THIRD], dict(step=0.9), 75),
        # The foreground is the union of instances; the third column counts once.
        ([columns(1, 0, 0, 0), columns(0, 0, 1, 0)], {}, ORDER),
        ([columns(0, 0, 1, 0), FIRST_AND_THIRD], {}, ORDER),
    ],
)
def test_masks_and_steps(px_ap, image, masks, arguments, expected):
    assert px_ap(image(*masks), **arguments) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('ignore', 'expected'),
    [
        # Without the second column the order is perfect.
        (columns(0, 1, 0, 0), 100),
        (columns(0, 0, 0, 1), ORDER),
        # Foreground stays foreground. Without the first column P would be 1/2.
        (columns(1, 0, 0, 0), ORDER),
        (columns(1, 1, 1, 1), 100),
        (None, ORDER),
        ('', ORDER),
    ],
)
def test_ignored_pixels(px_ap, image, ignore, expected):
    masked = isinstance(ignore, np.ndarray)
    sample = image(FIRST_AND_THIRD, ignore=ignore if masked else None)
    if not masked:
        sample['loc_ignore'] = ignore
    assert px_ap(sample) == pytest.approx(expected)


def test_pixels_of_all_images_are_ranked_together(px_ap, image):
    # Foreground of 1 in one image and 0.5 in the other, where it is the highest of all
    # but the background has 1 as well: P = 1/2, 2/3 where R rises by 1/2 each.
    # (A mean of both images would be 75.)
    first = image(columns(1, 0, 0, 0), cam=columns(1, 0, 0, 0))
    second = image(columns(0, 1, 0, 0), cam=columns(1, 0.5, 0, 0))
    assert px_ap(first, second) == pytest.approx(100 * (1 / 4 + 1 / 3))


def test_image_without_foreground(px_ap, image):
    # One column of foreground and two of the other image's background have 1.
    first = image(columns(1, 0, 0, 0), cam=columns(1, 0, 0, 0))
    second = image(columns(0, 0, 0, 0), cam=columns(1, 1, 0, 0))
    assert px_ap(first, second) == pytest.approx(100 / 3)


def test_no_image_with_foreground(px_ap, image):
    empty = columns(0, 0, 0, 0)
    with pytest.raises(ValueError, match='the masks of all images are empty'):
        px_ap(image(empty), image(empty))


@pytest.mark.parametrize('value', [0.7, np.nan, np.inf])
def test_degenerate_map(px_ap, image, value):
    # All pixels have the same score: a quarter of them is foreground.
    cam = np.full((14, 14), value)
    assert px_ap(image(columns(0, 1, 0, 0), cam=cam)) == pytest.approx(25)


def test_record_has_the_pixels_by_score(image):
    # Thresholds 0 and 0.5, then 1 and two bins that no score reaches.
    metric = PxAP('cam', step=0.5)
    record = metric.record(image(columns(1, 1, 1, 0)), SCORES)
    column = 56 * 224
    assert record.tolist() == [[column, column, column, 0], [column, 0, 0, 0]]


def test_record_of_a_full_mask(image):
    # 224 x 224 pixels in one bin, and more than 65535 of several images.
    metric = PxAP('cam')
    cam = np.zeros((14, 14))
    records = [metric.record(image(columns(1, 1, 1, 1)), cam)] * 3
    assert records[0][0, 0] == 50176
    records.append(metric.record(image(columns(0, 0, 0, 0)), cam))
    assert metric.summarize(records) == pytest.approx(dict(px_ap=75))


@pytest.mark.parametrize('value', [1, 128])
def test_foreground_is_any_value_above_zero(px_ap, image, mask_file, value):
    sample = dict(image(), loc_masks=[mask_file(FIRST_AND_THIRD, value)])
    assert px_ap(sample) == pytest.approx(ORDER)


@pytest.mark.parametrize(
    ('shape', 'scaled'),
    [
        ((30, 40), False),  # of a non-square image
        ((30, 40), True),
        ((60, 80), True),
        ((15, 20), True),
        # 1.7 times: 51 x 68, where another program may round otherwise.
        ((51, 68), True),
        ((52, 68), True),
    ],
)
def test_masks_have_the_shape_of_the_image(px_ap, image, shape, scaled):
    mask = np.zeros(shape)
    mask[:, : shape[1] // 4] = 1
    sample = image(mask, cam=columns(1, 0, 0, 0), size=(40, 30))
    assert px_ap(sample, scaled_masks=scaled) == 100


@pytest.mark.parametrize(
    ('shape', 'scaled'),
    [
        *[(shape, True) for shape in ((60, 60), (40, 30), (80, 60), (60, 90))],
        *[(shape, False) for shape in ((60, 80), (40, 30), (31, 40), (30, 39))],
        ((30, 44), True),
    ],
)
@pytest.mark.parametrize('ignore', [False, True])
def test_masks_of_another_shape(px_ap, image, shape, scaled, ignore):
    good, wrong = np.ones((30, 40)), np.ones(shape)
    masks = dict(ignore=wrong) if ignore else {}
    sample = image(good if ignore else wrong, size=(40, 30), **masks)
    message = f'png has {shape[1]} x {shape[0]} pixels, its image bird.jpg 40 x 30'
    with pytest.raises(ValueError, match=rf'the mask .*\.{message}'):
        px_ap(sample, scaled_masks=scaled)


@pytest.mark.parametrize('masks', [[], None])
def test_image_without_masks(px_ap, image, masks):
    with pytest.raises(ValueError, match='bird.jpg has no mask'):
        px_ap(dict(image(), loc_masks=masks))


@pytest.mark.parametrize('content', [None, b'', b'no picture'])
@pytest.mark.parametrize('field', ['loc_masks', 'loc_ignore'])
def test_mask_that_cannot_be_read(px_ap, image, tmp_path, content, field):
    path = tmp_path / 'broken.png'
    if content is not None:
        path.write_bytes(content)
    value = [str(path)] if field == 'loc_masks' else str(path)
    sample = dict(image(FIRST_AND_THIRD), **{field: value})
    with pytest.raises(ValueError, match='cannot read the mask .*broken.png'):
        px_ap(sample)
