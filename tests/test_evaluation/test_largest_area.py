from functools import partial

import cv2
import numpy as np
import pytest

from mmccam import largest_area
from mmccam.boxes import between_alike, box_iou
from mmccam.largest_area import largest_area_boxes

IOUS = [0.3, 0.5, 0.7]
# Maps of few values have many components of equal size, holes and pixels that touch
# only by a corner; maps of a network are small, and resized to the image.
MAKERS = {
    'values': lambda rng, h, w: rng.integers(0, rng.integers(2, 6), (h, w)),
    'noise': lambda rng, h, w: rng.random((h, w)),
    'sparse': lambda rng, h, w: rng.random((h, w)) * (rng.random((h, w)) < 0.5),
    'blocks': lambda rng, h, w: np.kron(rng.integers(0, 4, (h, w)), np.ones((2, 3))),
    'checkers': lambda rng, h, w: np.indices((h, w)).sum(axis=0) % 2,
    'rings': lambda rng, h, w: (
        1 + np.cos(np.hypot(*np.ogrid[-h:h, -w:w]) * rng.random())
    ),
    'smooth': lambda rng, h, w: cv2.resize(rng.random((7, 7)), (3 * w, 2 * h)),
}


def draw_maps(kind, count):
    """Draw maps, float32 from 0 on, with levels up to their maximum."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        cam = MAKERS[kind](rng, *rng.integers(1, 30, 2)).astype(np.float32)
        cam[0, 0] += cam.max() == 0
        cam -= cam.min()
        yield rng, cam, np.linspace(0, cam.max(), 33, dtype=np.float32)


def plain_box(mask):
    """The largest component by its pixels; of equal ones the first."""
    points = cv2.findNonZero(mask.astype(np.uint8))
    left, top, width, height = cv2.boundingRect(points)
    part = mask[top : top + height, left : left + width].astype(np.uint8)
    _, labels = cv2.connectedComponents(part, connectivity=8)
    y, x = np.nonzero(labels == 1 + np.bincount(labels.ravel())[1:].argmax())
    return [left + x.min(), top + y.min(), left + x.max(), top + y.max()]


@pytest.mark.parametrize('kind', MAKERS)
def test_equal_to_each_level_alone(kind):
    for rng, cam, levels in draw_maps(kind, 12):
        plain = [plain_box(cam >= level) for level in levels]
        np.testing.assert_array_equal(largest_area_boxes(cam, levels), plain)
        # Several true boxes, at times with ends between pixels.
        corners = np.sort(rng.uniform(0, [30, 20], (3, 2, 2)), axis=1)
        truth = np.rint(corners * 2).reshape(3, 4).astype(np.float32) / 2
        alike = partial(between_alike, others=truth, ious=IOUS)
        found = largest_area_boxes(cam, levels, alike)
        hits = [
            box_iou(boxes, truth).max(axis=1)[:, None] >= IOUS
            for boxes in (found, plain)
        ]
        np.testing.assert_array_equal(*hits)


def test_levels_between_alike_boxes_are_skipped(monkeypatch):
    looked, look = [], largest_area._look
    monkeypatch.setattr(
        largest_area,
        '_look',
        lambda cam, levels: looked.extend(levels) or look(cam, levels),
    )
    distance = np.abs(np.mgrid[-20:21, -20:21]).max(axis=0)
    cam, levels = (20 - distance).astype(np.float32), np.arange(17)
    # Squares with sides of 41, 25 and 9 pixels at the levels 0, 8 and 16. All are
    # larger than the true box, 3 x 3: 9 / 81 is below each IoU.
    truth = np.array([[19, 19, 21, 21]])
    alike = partial(between_alike, others=truth, ious=IOUS)
    monkeypatch.setattr(largest_area, 'STRIDE', 2)
    found = largest_area_boxes(cam, levels, alike)
    # A square has more than half of the pixels of the one two levels below down to a
    # side of 11: 11² is 121, 15² is 225, but 9² is 81 and 13² is 169.
    assert looked == [*range(0, 17, 2), 15]
    assert (box_iou(found, truth) < 0.3).all()
