from itertools import chain

import numpy as np
import pytest
from drawing import rectangles
from predictions import evaluate, sample_of

from mmccam.evaluation import ThresholdSearch

INSIDE = (2, 2, 5, 5)
WHOLE, PIXEL = (0, 0, 9, 9), (3, 3, 3, 3)
CAM = 'largest_component'


# A pixel of 1 in a square of 0.75 in an image of 0.25, with one pixel of 0: up to 0.25
# the box is the image, up to 0.75 the square, above it one pixel.
PARTS = (*INSIDE, 0.75), (*PIXEL, 1), (9, 9, 9, 9, 0)
STEPS = rectangles(*PARTS, size=(10, 10), background=0.25)


def search(samples, box_rules=(CAM,), **kwargs):
    """Evaluate samples; the metric, with what it reported as ``values``."""
    metric = ThresholdSearch('cam', box_rules=box_rules, **kwargs)
    metric.values = evaluate(metric, samples)
    return metric


@pytest.mark.parametrize(
    ('boxes', 'threshold', 'accuracy'),
    [
        # The lowest of the best thresholds.
        ([WHOLE], 0.01, 100),
        ([INSIDE], 0.26, 100),
        ([PIXEL], 0.76, 100),
        # The most images win.
        ([INSIDE, PIXEL, INSIDE], 0.26, 200 / 3),
        # The choice is by an IoU of 0.5: the image fits the first by 0.4 and the second
        # by 0.3, the square the third altogether: two of three at 0.3, none at 0.5.
        ([(0, 0, 9, 3), (0, 0, 9, 2), INSIDE], 0.26, 100 / 3),
    ],
)
def test_the_best_threshold_is_found(boxes, threshold, accuracy):
    values = search([sample_of(STEPS, [box]) for box in boxes]).values
    expected = {f'{CAM}_threshold': threshold, f'{CAM}_gt_known_loc': accuracy}
    assert values == pytest.approx(expected)


def test_curves_of_several_overlaps():
    # Overlaps of (image, square, pixel): 100, 16 and 1 pixels with 28 are
    # (0.28, 16 / 28 = 0.57, 0.04), with 40 (0.4, 8 / 48 = 0.17, 0.03), with 16
    # (0.16, 1, 0.06); 25 thresholds give the image, 50 the square, 24 the pixel.
    boxes, third = [(2, 2, 5, 8), (0, 0, 9, 3), INSIDE], 100 / 3
    curves = search([sample_of(STEPS, [box]) for box in boxes]).curves
    for iou, image, square in ((0.3, 1, 2), (0.5, 0, 2), (0.7, 0, 1)):
        expected = [image * third] * 25 + [square * third] * 50 + [0] * 24
        assert curves[CAM][iou] == pytest.approx(expected)


@pytest.mark.parametrize(
    ('boxes', 'expected'),
    [
        # The square is right by the CAM rule; a share of the image has at most 16 of 60
        # pixels in common with it.
        ([INSIDE], [(CAM, 0.26, 100), ('share', 0.01, 0)]),
        # A share of 0.3 is half of 6 x 10 pixels, and the image is not much more than
        # these: both have one of two right, and keep their order.
        ([INSIDE, (0, 0, 5, 9)], [('share', 0.3, 50), (CAM, 0.01, 50)]),
    ],
)
def test_rules_from_the_best_to_the_worst(share, boxes, expected):
    samples = [sample_of(STEPS, [box]) for box in boxes]
    found = search(samples, ['share', 'cam']).best_rules()
    names = ('box_rule', 'threshold', 'gt_known_loc')
    assert found == [dict(zip(names, values)) for values in expected]


def test_a_rule_with_thresholds_of_its_own():
    # The mean is (83 * 0.25 + 15 * 0.75 + 1) / 100 = 0.33: half of it has the image, up
    # to 0.66 the square is above, up to 0.99 the pixel, at 1.155 nothing.
    for box, right in ((INSIDE, {1, 1.5, 2}), (PIXEL, {2.5, 3})):
        metric = search([sample_of(STEPS, [box])], ['mean_multiple'])
        expected = [100 * (number / 2 in right) for number in range(21)]
        assert metric.curves['mean_multiple'][0.5] == expected
        assert metric.values['mean_multiple_threshold'] == min(right)


def test_several_rules_are_searched_as_each_alone(share):
    samples = [sample_of(STEPS, [box]) for box in (INSIDE, PIXEL, (0, 0, 5, 9))]
    names = ['share', 'mean_multiple', CAM, 'energy']
    metric = search(samples, names)
    alone = [search(samples, [name]) for name in names]
    assert metric.curves == {name: a.curves[name] for name, a in zip(names, alone)}
    assert metric.values == dict(chain(*(a.values.items() for a in alone)))


def test_any_of_several_boxes_in_an_image_that_is_not_square():
    # Each pixel of the map becomes 3 x 2: the true box is that of the square.
    cam = np.kron(STEPS, np.ones((2, 3)))
    boxes = [(27, 18, 29, 19), (6, 4, 17, 11)]
    metric = search([sample_of(cam, boxes, size=(30, 20))], ious=[0.5, 1])
    assert metric.curves[CAM][1] == [0] * 25 + [100] * 50 + [0] * 24


def test_wrong_arguments():
    for arguments, message in (
        (dict(ious=[0.5, 0]), 'iou must lie .* got 0'),
        (dict(ious=[0.3, 0.7]), r'ious must have 0.5, .* got \[0.3, 0.7\]'),
    ):
        with pytest.raises(ValueError, match=message):
            ThresholdSearch('cam', **arguments)
