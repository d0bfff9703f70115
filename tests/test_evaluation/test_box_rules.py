import numpy as np
import pytest
from drawing import rectangles as draw

from mmccam.evaluation import CCAMLocalizationMetric, build_box_rule
from mmccam.evaluation.box_rules import BoxMaker
from mmccam.map_boxes import BoxRule, largest_component, released_nlccam
from mmccam.registry import FUNCTIONS

RULES = ['largest_component', 'released_nlccam', 'mean_multiple', 'energy']


LARGEST = [
    # A map of the image's own size is not resized: the box is the rectangle.
    (None, [(3, 2, 7, 4, 1)], (3, 2, 7, 4)),
    # Just the threshold, half of the maximum 4, and less.
    (0.5, [(1, 1, 4, 2, 4), (5, 1, 8, 2, 2)], (1, 1, 8, 2)),
    (0.5, [(1, 1, 4, 2, 4), (5, 1, 8, 2, 1.75)], (1, 1, 4, 2)),
    # The default threshold is a fifth.
    (None, [(1, 1, 4, 2, 100), (5, 1, 8, 2, 21)], (1, 1, 8, 2)),
    (None, [(1, 1, 4, 2, 100), (5, 1, 8, 2, 19)], (1, 1, 4, 2)),
    # Diagonal neighbours are joined.
    (None, [(1, 1, 2, 2, 1), (3, 3, 4, 4, 1)], (1, 1, 4, 4)),
    # An angle of 8 + 6 pixels in a box of 8 x 7, and a block of 4 x 4 = 16 pixels.
    (None, [(0, 0, 7, 0, 1), (0, 1, 0, 6, 1), (10, 2, 13, 5, 1)], (10, 2, 13, 5)),
    # From -9 to -1: above the minimum the rectangles have 8 and 2, and half is 4.
    (0.5, [(0, 0, 15, 8, -9), (1, 1, 4, 2, -1), (5, 1, 8, 2, -7)], (1, 1, 4, 2)),
]


def test_largest_component_is_found_at_the_size_of_the_image():
    # 2 x 2 positions on 40 x 20 pixels, only the right column is on. Bilinear
    # interpolation runs from 0 at the centre of the left column, x = 9.5, to 1 at the
    # right, x = 29.5: 0.05 (x - 9.5) >= 0.5 from x = 20 on.
    cam = np.array([[0, 1], [0, 1]], np.float32)
    assert build_box_rule('largest_component', 0.5)(cam, (40, 20)) == (20, 0, 39, 19)


IMAGE = (0, 0, 223, 223)
RELEASED = [
    # The ends are exclusive. Half of the maximum is not above half of it.
    (0.5, [(10, 20, 29, 39, 1), (30, 20, 49, 39, 0.5)], (10, 20, 30, 40)),
    # The default threshold. The mean of 800 of 50176 pixels is far below.
    (None, [(10, 20, 29, 39, 100), (30, 20, 49, 39, 13)], (10, 20, 50, 40)),
    (None, [(10, 20, 29, 39, 100), (30, 20, 49, 39, 11)], (10, 20, 30, 40)),
    # Row 0 is 0, the rest 0.5 with a block of 100 x 100 of 1. The mean is
    # (0.5 (50176 - 224 - 10000) + 10000) / 50176 = 0.597: the block alone is above.
    (None, [(0, 1, 223, 223, 0.5), (10, 20, 109, 119, 1)], (10, 20, 110, 120)),
    # Columns: 112 of 0, 96 of 1, 16 of 0.5625; the cut is 0.5. The mean with 0 below it
    # is (96 + 16 * 0.5625) / 224 = 0.469, so the cut decides and the last 16 stay. The
    # mean of the rest, 0.9375, would cut them.
    (0.5, [(112, 0, 207, 223, 1), (208, 0, 223, 223, 0.5625)], (112, 0, 224, 224)),
    # Diagonal neighbours are not joined.
    (None, [(10, 20, 19, 29, 1), (20, 30, 39, 49, 1)], (20, 30, 40, 50)),
    # An angle of 60 + 39 pixels in a box of 60 x 40, and a block of 30 x 30.
    (None, [(5, 5, 64, 5, 1), (5, 6, 5, 44, 1), (99, 99, 128, 128, 1)], (5, 5, 65, 45)),
    # Above the minimum the rectangles have 8 and 2, and half is 4.
    (0.5, [(*IMAGE, -9), (10, 20, 29, 39, -1), (30, 20, 49, 39, -7)], (10, 20, 30, 40)),
]


@pytest.mark.parametrize(
    ('name', 'size', 'threshold', 'rectangles', 'box'),
    [
        *[('largest_component', (16, 9), *case) for case in LARGEST],
        *[('released_nlccam', (224, 224), *case) for case in RELEASED],
    ],
)
def test_boxes(name, size, threshold, rectangles, box):
    assert build_box_rule(name, threshold)(draw(*rectangles, size=size), size) == box


def test_released_nlccam_is_scaled_to_the_image():
    cam, rule = draw((10, 20, 109, 119, 1)), build_box_rule('released_nlccam')
    # Twice the width, half the height.
    assert rule(cam, (448, 112)) == (20, 10, 220, 60)
    # Rounded: 10 -> 4.46, 20 -> 4.46, 110 -> 49.1, 120 -> 26.8.
    assert rule(cam, (100, 50)) == (4, 4, 49, 27)


def test_released_nlccam_where_the_mean_rounds_up_to_the_maximum():
    # One pixel at the minimum, one a rounding step above all others: no value of single
    # precision is above the mean, and the image is the box.
    cam = np.full((672, 672), 0.1, np.float32)
    cam[0, 0], cam[1, 1] = 0, np.nextafter(np.float32(0.1), np.float32(1))
    assert build_box_rule('released_nlccam')(cam, (30, 20)) == (0, 0, 29, 19)


OUTER, MIDDLE, INNER = (10, 20, 109, 119), (30, 40, 69, 79), (50, 60, 59, 69)


def end(box):
    """The box with its ends one pixel further."""
    return (*box[:2], box[2] + 1, box[3] + 1)


# The mean, (8400 * 0.25 + 1500 * 0.5 + 100) / 50176 = 0.06, is below all steps. At 0 it
# alone cuts.
RELEASED_BOXES = [end(box) for box in (INNER, MIDDLE, OUTER, INNER, OUTER)]


@pytest.mark.parametrize(
    ('name', 'last', 'boxes'),
    [
        ('largest_component', 0.26, [INNER, OUTER, IMAGE, MIDDLE, MIDDLE]),
        ('released_nlccam', 0.2, RELEASED_BOXES),
    ],
)
def test_several_thresholds_in_any_order(name, last, boxes):
    steps = [(*OUTER, 0.25), (*MIDDLE, 0.5), (*INNER, 1)]
    thresholds = [0.75, 0.25, 0, 0.5, last]
    found = build_box_rule(name).at(thresholds, draw(*steps), (224, 224))
    assert found.tolist() == [list(box) for box in boxes]


# 4 pixels of 6 and 4 of 4 above the minimum, 40 in all of 10 x 4 pixels: the mean is 1.
FIRST, BOTH, ALL = (1, 1, 2, 2), (1, 1, 9, 2), (0, 0, 9, 3)
PARTS = [(*FIRST, 6), (6, 2, 9, 2, 4)]


@pytest.mark.parametrize('minimum', [0, -9])
@pytest.mark.parametrize(
    ('name', 'default', 'boxes'),
    [
        # Values above the threshold; 6 is not above 6.
        ('mean_multiple', 1, {0: BOTH, 3.5: BOTH, 4: FIRST, 5.5: FIRST, 6: ALL}),
        # The first four have 24 of 40, and equal values are not parted.
        ('energy', 0.95, {0: FIRST, 0.1: FIRST, 0.6: FIRST, 0.61: BOTH, 0.99: BOTH}),
    ],
)
def test_boxes_around_all_parts(name, default, boxes, minimum):
    cam = draw(*PARTS, size=(10, 4)) + minimum
    rule = build_box_rule(name)
    assert rule.threshold == default
    assert rule(cam, (10, 4)) == BOTH
    assert rule.at(list(boxes), cam, (10, 4)).tolist() == [*map(list, boxes.values())]


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('name', RULES)
@pytest.mark.parametrize('value', [0, np.nan, np.inf, -np.inf])
def test_degenerate_map_gives_the_whole_image(name, value):
    cam = draw((0, 0, 0, 0, value), size=(4, 3))
    rule, whole = build_box_rule(name), (0, 0, 39, 29)
    assert rule(cam, (40, 30)) == whole
    assert rule.at([0.1, 0.5, 0.9], cam, (40, 30)).tolist() == [list(whole)] * 3


@pytest.mark.parametrize('name', RULES)
@pytest.mark.parametrize('size', [(14, 9), (224, 224), (37, 61)])
def test_boxes_of_any_precision_are_plain_numbers(name, size):
    # They are written to files; numpy's numbers are not serializable.
    cam = draw((3, 2, 7, 4, 5), size=(14, 9), background=-2)
    rule, before = build_box_rule(name), cam.copy()
    box = rule(cam, size)
    assert {type(value) for value in box} <= {int, float}
    assert rule(cam.astype(np.float16), size) == box
    np.testing.assert_array_equal(cam, before)  # and the map is not changed


def test_own_rule(share):
    for threshold, box in ((None, (0, 0, 17, 19)), (0.5, (0, 0, 14, 19))):
        assert build_box_rule('share', threshold)(np.eye(3), (30, 20)) == box


@pytest.mark.parametrize(
    ('name', 'former', 'function', 'default'),
    [
        ('largest_component', 'cam', largest_component, 0.2),
        ('released_nlccam', 'nlccam_released', released_nlccam, 0.12),
    ],
)
def test_rule_of_a_name_or_a_former_name(name, former, function, default):
    rule = build_box_rule(name)
    assert (rule.name, rule.boxes, rule.threshold) == (name, function, default)
    assert build_box_rule(former) == rule
    assert build_box_rule(name, 0).threshold == 0  # which is not the default


UNKNOWN = f'there is no box rule "{{}}", only {", ".join(RULES)}, share'
FRACTION = ('largest_component', 'at least 0 and below 1')
MULTIPLE = ('mean_multiple', 'from 0 to 10')


@pytest.mark.parametrize(
    ('name', 'known', 'value'),
    [
        *[(*FRACTION, value) for value in (1, -0.1, float('nan'))],
        *[(*MULTIPLE, value) for value in (10.1, -0.1, float('nan'))],
    ],
)
def test_threshold_out_of_range(name, known, value):
    message = f'must be {known} for the box rule "{name}", got {value}'
    with pytest.raises(ValueError, match=message):
        build_box_rule(name, value)


def test_thresholds_of_a_search():
    fractions, multiples = (build_box_rule(name).grid for name in RULES[1:3])
    assert fractions == tuple(number / 100 for number in range(1, 100))
    assert multiples == tuple(number / 2 for number in range(21))
    assert build_box_rule('mean_multiple', 10).threshold == 10


@pytest.mark.parametrize('name', ['cams', 'math'])  # nor is a module a rule
def test_unknown_rule(share, name):
    with pytest.raises(ValueError, match=UNKNOWN.format(name)):
        build_box_rule(name)


def test_rule_that_is_registered_without_a_default(monkeypatch):
    monkeypatch.setitem(FUNCTIONS.module_dict, 'plain', lambda *arguments: 0)
    message = r'"plain" has no default .*: register it by @mmccam\.evaluation\.'
    with pytest.raises(ValueError, match=message):
        build_box_rule('plain')


def test_rule_that_does_not_return_a_box_for_each_threshold():
    rule = BoxRule('mine', lambda cam, size, thresholds: [(0, 0, 1, 1)], 0.2)
    message = r'"mine" must return a box for each .*, \(2, 4\) numbers, got \(1, 4'
    with pytest.raises(ValueError, match=message):
        rule.at([0.1, 0.2], np.eye(3), (3, 3))


@pytest.mark.parametrize('maker', [BoxMaker, CCAMLocalizationMetric])
@pytest.mark.parametrize(
    ('arguments', 'rule', 'names'),
    [
        (dict(map_name='ccam'), ('largest_component', 0.2), (False, False)),
        (dict(cam='ccam', threshold=0), ('largest_component', 0), (False, True)),
        (dict(cam='ccam', box_rule='cam'), ('largest_component', 0.2), (True, False)),
    ],
)
def test_maker_of_boxes(maker, arguments, rule, names):
    made = maker(**arguments)
    assert made.map_name == 'ccam'
    assert (made.box_rule.name, made.box_rule.threshold) == rule
    assert (made.names_rule, made.names_threshold) == names


def test_a_map_must_be_named():
    with pytest.raises(TypeError, match='map_name must name a map'):
        BoxMaker()


def test_the_former_name_overrides_that_of_a_config():
    assert BoxMaker(map_name='ccam', cam='cam').map_name == 'cam'
