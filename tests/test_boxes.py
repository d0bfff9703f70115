import numpy as np
import pytest

from mmccam.evaluation import build_box_rule
from mmccam.maps import is_degenerate


def boxes_of(name):
    """The boxes of a rule as tuples, at its default threshold or at others."""

    def boxes(cam, size, thresholds=None):
        rule = build_box_rule(name)
        thresholds = [rule.threshold] if thresholds is None else thresholds
        return [tuple(box) for box in rule.at(thresholds, cam, size).tolist()]

    return boxes


largest_component = boxes_of('largest_component')
released_nlccam = boxes_of('released_nlccam')
RULES = [largest_component, released_nlccam]


def draw(size, *rectangles, background=0.0):
    """A map of a size (width, height) with rectangles (x0, y0, x1, y1, value)."""
    cam = np.full(size[::-1], background, np.float32)
    for x0, y0, x1, y1, value in rectangles:
        cam[y0 : y1 + 1, x0 : x1 + 1] = value
    return cam


@pytest.mark.parametrize(
    'box', [(3, 2, 7, 4), (0, 0, 11, 7), (11, 7, 11, 7), (0, 3, 11, 3)]
)
def test_cam_box_of_one_rectangle(box):
    # A map of the image's own size is not resized: the box is the rectangle.
    cam = draw((14, 9), (*box, 1))
    assert largest_component(cam, (14, 9)) == [box]


def test_cam_box_at_the_size_of_the_image():
    # 2 x 2 positions on 40 x 20 pixels, only the right column is on. Bilinear
    # interpolation runs from 0 at the centre of the left column, x = 9.5, to 1 at the
    # right, x = 29.5: 0.05 (x - 9.5) >= 0.5 from x = 20 on.
    cam = np.array([[0, 1], [0, 1]], np.float32)
    assert largest_component(cam, (40, 20), [0.5]) == [(20, 0, 39, 19)]


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (2.0, (1, 1, 8, 2)),  # just the threshold, half of the maximum 4
        (1.75, (1, 1, 4, 2)),
    ],
)
def test_cam_box_keeps_the_threshold_itself(value, expected):
    cam = draw((10, 6), (1, 1, 4, 2, 4), (5, 1, 8, 2, value))
    assert largest_component(cam, (10, 6), [0.5]) == [expected]


@pytest.mark.parametrize(
    ('value', 'expected'), [(21, (1, 1, 8, 2)), (19, (1, 1, 4, 2))]
)
def test_cam_box_default_threshold_is_a_fifth(value, expected):
    cam = draw((10, 6), (1, 1, 4, 2, 100), (5, 1, 8, 2, value))
    assert largest_component(cam, (10, 6)) == [expected]


def test_cam_box_joins_diagonals():
    cam = draw((10, 6), (1, 1, 2, 2, 1), (3, 3, 4, 4, 1))
    assert largest_component(cam, (10, 6)) == [(1, 1, 4, 4)]


def test_cam_box_takes_the_largest_area():
    # An angle of 8 + 6 pixels in a box of 8 x 7, and a block of 4 x 4 = 16 pixels.
    cam = draw((16, 9), (0, 0, 7, 0, 1), (0, 1, 0, 6, 1), (10, 2, 13, 5, 1))
    assert largest_component(cam, (16, 9)) == [(10, 2, 13, 5)]


def test_cam_box_subtracts_the_minimum():
    # From -9 to -1: above the minimum the rectangles have 8 and 2, and half is 4.
    cam = draw((10, 6), (1, 1, 4, 2, -1), (5, 1, 8, 2, -7), background=-9)
    assert largest_component(cam, (10, 6), [0.5]) == [(1, 1, 4, 2)]


def test_released_box_is_scaled_with_exclusive_ends():
    # 224 x 224 to 448 x 112: twice the width, half the height. The component ends
    # with the pixels 109 and 119.
    cam = draw((224, 224), (10, 20, 109, 119, 1))
    assert released_nlccam(cam, (448, 112)) == [(20, 10, 220, 60)]


def test_released_box_is_rounded():
    # 100 / 224 of the width and 50 / 224 of the height: 10 -> 4.46, 20 -> 4.46,
    # 110 -> 49.1, 121 -> 27.0.
    cam = draw((224, 224), (10, 20, 109, 120, 1))
    assert released_nlccam(cam, (100, 50)) == [(4, 4, 49, 27)]


def test_released_box_leaves_the_threshold_out():
    # Half of the maximum is not above half of it.
    cam = draw((224, 224), (10, 20, 29, 39, 1), (30, 20, 49, 39, 0.5))
    assert released_nlccam(cam, (224, 224), [0.5]) == [(10, 20, 30, 40)]


@pytest.mark.parametrize(
    ('value', 'right'),
    [(13, 50), (11, 30)],
)
def test_released_box_default_threshold(value, right):
    # The rectangles cover 800 of 50176 pixels, so the mean is far below the cut.
    cam = draw((224, 224), (10, 20, 29, 39, 100), (30, 20, 49, 39, value))
    assert released_nlccam(cam, (224, 224)) == [(10, 20, right, 40)]


def test_released_box_cuts_at_the_mean():
    # Row 0 is 0, the rest 0.5 with a block of 100 x 100 of 1. The mean is
    # (0.5 (50176 - 224 - 10000) + 10000) / 50176 = 0.597: the block alone is above.
    cam = draw((224, 224), (0, 1, 223, 223, 0.5), (10, 20, 109, 119, 1))
    assert released_nlccam(cam, (224, 224)) == [(10, 20, 110, 120)]


def test_released_box_takes_the_mean_after_the_cut():
    # Columns: 1 of 0, 111 of 0.4375, 96 of 1, 16 of 0.5625; the cut is 0.5. The mean
    # with 0 below the cut is (96 + 16 * 0.5625) / 224 = 0.469, so the cut decides and
    # the last 16 stay. The mean of all (0.686) or of the rest (0.9375) would cut them.
    cam = draw(
        (224, 224),
        (1, 0, 111, 223, 0.4375),
        (112, 0, 207, 223, 1),
        (208, 0, 223, 223, 0.5625),
    )
    boxes = released_nlccam(cam, (224, 224), [0.5])
    assert boxes == [(112, 0, 224, 224)]


def test_released_box_does_not_join_diagonals():
    cam = draw((224, 224), (10, 20, 19, 29, 1), (20, 30, 39, 49, 1))
    assert released_nlccam(cam, (224, 224)) == [(20, 30, 40, 50)]


def test_released_box_takes_the_largest_bounding_box():
    # An angle of 60 + 39 pixels in a box of 60 x 40, and a block of 30 x 30.
    cam = draw((224, 224), (5, 5, 64, 5, 1), (5, 6, 5, 44, 1), (100, 100, 129, 129, 1))
    assert released_nlccam(cam, (224, 224)) == [(5, 5, 65, 45)]


def test_released_box_subtracts_the_minimum():
    # Above the minimum the rectangles have 8 and 2, and half is 4.
    cam = draw((224, 224), (10, 20, 29, 39, -1), (30, 20, 49, 39, -7), background=-9)
    assert released_nlccam(cam, (224, 224), [0.5]) == [(10, 20, 30, 40)]


@pytest.fixture
def steps():
    """224 x 224: a block of 1 in one of 0.5 in one of 0.25, and 0 around."""
    return draw(
        (224, 224),
        (10, 20, 109, 119, 0.25),
        (30, 40, 69, 79, 0.5),
        (50, 60, 59, 69, 1),
    )


def test_cam_boxes_of_several_thresholds(steps):
    # A box each in the order asked for; at 0 every value counts.
    image, outer = (0, 0, 223, 223), (10, 20, 109, 119)
    middle, inner = (30, 40, 69, 79), (50, 60, 59, 69)
    boxes = largest_component(steps, (224, 224), [0.75, 0.25, 0, 0.5, 0.26])
    assert boxes == [inner, outer, image, middle, middle]


def test_released_boxes_of_several_thresholds(steps):
    # The mean, (8400 * 0.25 + 1500 * 0.5 + 100) / 50176 = 0.06, is below all steps.
    # At 0 it alone cuts.
    outer, middle, inner = (10, 20, 110, 120), (30, 40, 70, 80), (50, 60, 60, 70)
    boxes = released_nlccam(steps, (224, 224), [0.75, 0.25, 0, 0.5, 0.2])
    assert boxes == [inner, middle, outer, inner, outer]


@pytest.mark.parametrize('rule', RULES)
def test_rules_without_a_threshold(rule, steps):
    assert rule(steps, (224, 224), []) == []


@pytest.mark.parametrize('rule', RULES)
def test_boxes_are_plain_numbers(rule, steps):
    # They are written to files; numpy's numbers are not serializable.
    ((x0, y0, x1, y1),) = rule(steps, (100, 50))
    assert {type(value) for value in (x0, y0, x1, y1)} <= {int, float}


def with_value(value):
    cam = draw((4, 3), (1, 1, 2, 2, 1))
    cam[0, 0] = value
    return cam


DEGENERATE = {
    'zeros': np.zeros((3, 4), np.float32),
    'constant': np.full((3, 4), -7.3, np.float32),
    'one NaN': with_value(np.nan),
    'all NaN': np.full((3, 4), np.nan, np.float32),
    'infinity': with_value(np.inf),
    'minus infinity': with_value(-np.inf),
}


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('cam', DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_map_gives_the_whole_image(rule, cam):
    whole = (0, 0, 39, 29)
    assert rule(cam, (40, 30)) == [whole]
    assert rule(cam, (40, 30), [0.1, 0.5, 0.9]) == [whole] * 3


@pytest.mark.parametrize('cam', DEGENERATE.values(), ids=DEGENERATE)
def test_is_degenerate(cam):
    assert is_degenerate(cam)


def test_is_not_degenerate():
    assert not is_degenerate(np.array([[0, 0], [0, 1e-6]], np.float32))


@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('size', [(14, 9), (224, 224), (37, 61)])
def test_rules_do_not_change_the_map(rule, size):
    cam = draw((14, 9), (3, 2, 7, 4, 5), background=-2)
    before = cam.copy()
    rule(cam, size)
    np.testing.assert_array_equal(cam, before)


@pytest.mark.parametrize('rule', RULES)
def test_rules_take_half_precision(rule):
    cam = draw((14, 9), (3, 2, 7, 4, 5))
    assert rule(cam.astype(np.float16), (60, 40)) == rule(cam, (60, 40))


def test_released_rule_where_the_mean_rounds_up_to_the_maximum():
    # One pixel at the minimum, one a rounding step above all others: no value of single
    # precision is above the mean, and the image is the box.
    cam = np.full((672, 672), 0.1, np.float32)
    cam[0, 0], cam[1, 1] = 0, np.nextafter(np.float32(0.1), np.float32(1))
    assert released_nlccam(cam, (30, 20)) == [(0, 0, 29, 19)]
