import numpy as np
import pytest

from mmccam.boxes import between_alike, box_iou, check_boxes, clip_box, clip_boxes


@pytest.mark.parametrize(
    ('other', 'expected'),
    [
        ((0, 0, 9, 9), 1),
        # Columns 5 to 9 of 10 rows in common: 50 of 100 + 100 - 50.
        ((5, 0, 14, 9), 1 / 3),
        # Column 9 in common: 10 of 100 + 100 - 10.
        ((9, 0, 18, 9), 1 / 19),
        ((10, 0, 19, 9), 0),  # side by side
        ((0, 10, 9, 19), 0),
        # Disjoint in x and y: two negative sides must not give an area.
        ((-30, -30, -20, -20), 0),
        # Inside: 5 x 2 of 100.
        ((2, 3, 6, 4), 0.1),
        ((4, 4, 4, 4), 0.01),  # one pixel
        # Twice as high: 100 of 200.
        ((0, 0, 9, 19), 0.5),
    ],
)
def test_box_iou(other, expected):
    overlap = box_iou([(0, 0, 9, 9)], np.array([other]))
    np.testing.assert_allclose(overlap, [[expected]], rtol=1e-12)


def test_box_iou_is_pairwise():
    # 10 x 10, its left half and its lower half: the halves share 25 of 75 pixels.
    whole, left, lower = (0, 0, 9, 9), (0, 0, 4, 9), (0, 5, 9, 9)
    overlaps = box_iou([whole, left], [left, lower, whole])
    np.testing.assert_allclose(overlaps, [[0.5, 0.5, 1], [1, 1 / 3, 0.5]])
    assert box_iou(np.zeros((0, 4)), [left, lower]).shape == (0, 2)


@pytest.mark.parametrize('dtype', [np.uint8, np.float16])
def test_box_iou_of_any_type(dtype):
    # A side of 256 wraps around in uint8, and float16 cannot hold 65536 pixels.
    boxes = np.array([[0, 0, 255, 255], [0, 0, 255, 127]], dtype)
    np.testing.assert_array_equal(box_iou(boxes, boxes), [[1, 0.5], [0.5, 1]])


NAN, INF = float('nan'), float('inf')
OUTSIDE = [(5, 0, 9, 9), (-1, 0, 3, 3)]  # of 8 x 6 pixels, but with pixels inside
WRONG = [(3, 2, 1, 4), (1, 4, 3, 2), (9, 0, 12, 5), (0, -5, 7, -1), (NAN, 0, 7, 5)]


def test_a_good_box_may_end_at_width_and_height():
    boxes = [(0, 0, 7, 5), (0, 0, 8, 6), (2, 1, 2, 1)]
    assert check_boxes(boxes, (8, 6), 'a.png').tolist() == [list(box) for box in boxes]


@pytest.mark.parametrize('box', [*WRONG, *OUTSIDE, (0, 0, INF, 5)])
def test_a_wrong_box_is_named_with_its_image(box):
    with pytest.raises(ValueError) as error:
        check_boxes([(0, 0, 7, 5), box], (8, 6), 'a.png')
    # Floats, since one of the boxes may have them.
    assert str(error.value).replace('.0', '') == (
        f'a.png: the box {list(box)} is reversed, NaN or outside the image of 8 x 6 '
        'pixels'
    )


def test_boxes_are_clipped_to_the_pixels_of_the_image():
    clipped = clip_boxes([(0, 0, 8, 6), *OUTSIDE], (8, 6), 'a.png')
    assert clipped.tolist() == [[0, 0, 7, 5], [5, 0, 7, 5], [0, 0, 3, 3]]
    assert clipped.dtype == np.float32


@pytest.mark.parametrize('box', WRONG)
def test_a_box_without_pixels_in_the_image_is_not_clipped(box):
    with pytest.raises(ValueError, match=r'a.png: the box .* is reversed, NaN or out'):
        clip_boxes(box, (8, 6), 'a.png')


def test_a_box_is_clipped_to_its_image():
    # It was rounded to the pixels behind the last, and before the first.
    assert clip_box((-1.0, 2.0, 6, 4), (6, 4)) == (0, 2, 5, 3)


@pytest.mark.parametrize(
    ('inner', 'outer', 'expected'),
    [
        # The true box has 10 x 10 pixels. Between 9 and 10 of its rows: 0.9 ... 1.
        ((0, 0, 9, 8), (0, 0, 9, 9), True),
        # 6 of its rows, up to 8: 0.6 ... 0.8, and 0.7 is between.
        ((0, 0, 9, 5), (0, 0, 9, 7), False),
        # 5 rows are an IoU of 0.5, which counts as too close to decide.
        ((0, 0, 9, 4), (0, 0, 9, 5), False),
        # All of it in 40 to 50 rows: 0.25 to 0.2, below each.
        ((0, 0, 9, 39), (0, 0, 9, 49), True),
    ],
)
def test_whether_boxes_between_are_alike(inner, outer, expected):
    others = np.array([(0, 0, 9, 9), (90, 90, 99, 99)])
    found = between_alike(np.array([inner]), np.array([outer]), others, [0.3, 0.5, 0.7])
    assert found.tolist() == [expected]
