import cv2
import numpy as np
import pytest
from drawing import rectangles as draw

from mmccam.boxes import box_iou
from mmccam.evaluation.max_box_acc import level_overlaps, scale_boxes, threshold_levels

HOLE = pytest.approx(33**2 / 101**2, rel=1e-12)


@pytest.mark.parametrize(
    ('rectangles', 'box', 'expected'),
    [
        # x, y, x + w, y + h: one pixel behind the component, but within the map.
        ([(20, 30, 79, 59, 1)], (20, 30, 80, 60), (1, 1)),
        ([(200, 180, 223, 223, 1)], (200, 180, 223, 223), (1, 1)),
        # 60 x 60 and 20 x 20 pixels, the true box on the latter.
        ([(10, 10, 69, 69, 1), (99, 99, 118, 118, 1)], (99, 99, 119, 119), (0, 1)),
        # Diagonal neighbours are one component: 20 x 20.
        ([(50, 50, 59, 59, 1), (60, 60, 69, 69, 1)], (50, 50, 70, 70), (1, 1)),
        # A hole of 30 x 30 is a contour, which runs on the pixels around it, from 49 to
        # 80. The outer box shares 33 x 33 of 101 x 101 pixels with it.
        ([(20, 20, 119, 119, 1), (50, 50, 79, 79, 0)], (49, 49, 81, 81), (HOLE, 1)),
        # The first of equal contours is the largest. OpenCV lists them from the last
        # row to the first by their top left pixel.
        ([(10, 10, 29, 29, 1), (99, 99, 118, 118, 1)], (99, 99, 119, 119), (1, 1)),
    ],
)
def test_largest_and_all_contours(rectangles, box, expected):
    found = level_overlaps(draw(*rectangles), np.array([box]), np.array([0]))
    assert (found['largest'].item(), found['all'].item()) == expected


def plain_overlaps(scores, boxes, levels):
    """One threshold after the other, as the metric is defined."""
    image, found = (scores * 255).astype(np.uint8), dict(largest=[], all=[])
    for level in levels.tolist():
        _, mask = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
        contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[-2]
        # Of equally large ones the first comes first.
        contours = sorted(contours, key=cv2.contourArea, reverse=True)
        sides = np.array([cv2.boundingRect(c) for c in contours] or [(0, 0, 0, 0)])
        ends = np.minimum(sides[:, :2] + sides[:, 2:], 223)
        ious = box_iou(np.hstack([sides[:, :2], ends]), boxes)
        found['largest'].append(ious[0].max())
        found['all'].append(ious.max())
    return found


def smooth(rng):
    """A map as a network makes it: few components with soft edges."""
    cam = cv2.resize(rng.random((14, 14)), (224, 224), interpolation=cv2.INTER_CUBIC)
    return (cam - cam.min()) / np.ptp(cam)


def noisy(rng):
    """Hundreds of components and holes at a level, many of equal area."""
    return np.kron(rng.random((45, 45)), np.ones((5, 5)))[:224, :224]


@pytest.mark.parametrize('make', [smooth, noisy])
@pytest.mark.parametrize('levels', [range(255), [7], [3, 90, 254], range(1, 254, 4)])
@pytest.mark.parametrize('seed', [0, 1])
def test_equal_to_a_plain_loop(make, levels, seed):
    rng = np.random.default_rng(seed)
    scores, levels = make(rng), np.array(levels)
    # The first box has the first pixel, which is the box where there is no contour.
    starts = np.vstack([(0, 0), rng.integers(0, 150, (2, 2))])
    boxes = np.hstack([starts, starts + rng.integers(5, 70, (3, 2))])
    found = level_overlaps(scores, boxes, levels)
    expected = plain_overlaps(scores, boxes, levels)
    for kind in ('largest', 'all'):
        np.testing.assert_array_equal(found[kind], expected[kind], err_msg=kind)


def test_levels_of_thresholds():
    # int(255 * (0, 0.25, 0.5, 0.75)) = int((0, 63.75, 127.5, 191.25))
    levels, index = threshold_levels(0.25)
    assert (levels.tolist(), index.tolist()) == ([0, 63, 127, 191], [0, 1, 2, 3])
    for number in (1000, 10000):
        levels, index = threshold_levels(1 / number)
        assert levels.tolist() == list(range(255))
        # 255 times 0.001, 0.002, 0.003 are still below 1; 255 / 256 is about 0.996.
        assert index[:: number // 1000][:5].tolist() == [0, 0, 0, 0, 1]
        assert (len(index), index[-1]) == (number, 254)


@pytest.mark.parametrize(
    ('size', 'box', 'scaled'),
    [
        # 224 / 300 of x and 224 / 100 of y: (7.47, 44.8, 21.65, 87.36) and
        # (56, 0, 223.25, 221.76), truncated.
        ((300, 100), (10, 20, 29, 39), [7, 44, 21, 87]),
        ((300, 100), (75, 0, 299, 99), [56, 0, 223, 221]),
        # Multiplied first: 45 * 224 / 80 is 126, 45 * (224 / 80) is 125.99999999999999.
        ((80, 80), (0, 0, 45, 45), [0, 0, 126, 126]),
    ],
)
def test_boxes_are_scaled_and_truncated(size, box, scaled):
    assert scale_boxes(np.array([box], np.float32), size).tolist() == [scaled]
