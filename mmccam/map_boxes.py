"""From a map to a box: functions of arrays, which know no registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

import cv2
import numpy as np

from .boxes import Box, Size, image_box
from .components import largest_boxes
from .largest_area import Alike, largest_area_boxes
from .maps import is_degenerate, resize_map

BoxFunction = Callable[[np.ndarray, Size, Sequence[float]], np.ndarray]

# The thresholds that a search tries unless a rule has others.
FRACTIONS = tuple((np.arange(1, 100) / 100).tolist())


def with_threshold(
    threshold: float, grid: Sequence[float] = FRACTIONS
) -> Callable[[BoxFunction], BoxFunction]:
    """Give a function its default threshold, and those that a search tries."""

    def give(boxes: BoxFunction) -> BoxFunction:
        boxes.threshold, boxes.grid = threshold, tuple(grid)
        return boxes

    return give


@with_threshold(threshold=0.2)
def largest_component(
    cam: np.ndarray,
    size: Size,
    thresholds: Sequence[float],
    alike: Optional[Alike] = None,
) -> np.ndarray:
    """The box rule of class activation maps (Zhou et al., CVPR 2016).

    Values of at least the threshold times the maximum, at the image's own size; the
    largest 8-connected component by area. A box may be returned for one ``alike``.
    """
    cam = resize_map(cam, size)
    if is_degenerate(cam):
        return np.array([image_box(size)] * len(thresholds))
    highest = cam.max()
    levels = np.array([threshold * highest for threshold in thresholds])
    return largest_area_boxes(cam, levels, alike)


@with_threshold(threshold=0.12)
def released_nlccam(
    cam: np.ndarray, size: Size, thresholds: Sequence[float]
) -> np.ndarray:
    """The box rule of the released NL-CCAM code.

    At 224 x 224, values above both the threshold times the maximum and the mean of the
    map after that first cut; the 4-connected component with the largest bounding box,
    scaled to the image and rounded. Unlike elsewhere the ends are exclusive, one pixel
    of the 224 behind the component, as the released code has them.
    """
    side = 224
    cam = resize_map(cam, (side, side))
    if is_degenerate(cam):
        return np.array([image_box(size)] * len(thresholds))
    mean, highest, cuts = cam.mean(), cam.max(), []
    for cut in [threshold * highest for threshold in thresholds]:
        if cut < mean:  # else the mean after the cut is below it, too
            _, rest = cv2.threshold(cam, float(cut), 0, cv2.THRESH_TOZERO)
            cut = max(cut, rest.mean())
        cuts.append(cut)
    above = np.nextafter(np.array(cuts, np.float32), np.float32(np.inf))
    found = largest_boxes(cam, above)
    boxes = np.rint((found + [0, 0, 1, 1]) * (np.array([*size, *size]) / side))
    # No pixel is above the rounded mean of an almost constant map.
    boxes[found[:, 2] < 0] = image_box(size)
    return boxes


@with_threshold(threshold=1, grid=[step / 2 for step in range(21)])
def mean_multiple(
    cam: np.ndarray, size: Size, thresholds: Sequence[float]
) -> np.ndarray:
    """The box rule of saliency maps (Zhang et al., ECCV 2016).

    Values above the threshold times the mean, at the image's own size; the box around
    all of them. The image is the box where there is none.
    """
    cam = resize_map(cam, size)
    if is_degenerate(cam):
        return np.array([image_box(size)] * len(thresholds))
    cuts = np.array(thresholds) * cam.mean(dtype=np.float64)
    return _boxes_around(cam, np.nextafter(cuts, np.inf))


@with_threshold(threshold=0.95)
def energy(cam: np.ndarray, size: Size, thresholds: Sequence[float]) -> np.ndarray:
    """The box rule of Feedback (Cao et al., ICCV 2015).

    The highest values that have the threshold's share of the sum of the map, at the
    image's own size; the box around all of them.
    """
    cam = resize_map(cam, size)
    if is_degenerate(cam):
        return np.array([image_box(size)] * len(thresholds))
    values = np.sort(cam, axis=None)[::-1]
    sums = values.cumsum(dtype=np.float64)
    last = sums.searchsorted(np.array(thresholds) * sums[-1])
    return _boxes_around(cam, values[last])


def _boxes_around(cam: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The boxes (T, 4) around all pixels of a map (h, w) that reach levels (T,)."""
    boxes = np.empty((len(levels), 4), int)
    for start, axis in enumerate((0, 1)):
        reached = cam.max(axis=axis) >= levels[:, None]
        boxes[:, start] = reached.argmax(axis=1)
        boxes[:, start + 2] = cam.shape[1 - axis] - 1 - reached[:, ::-1].argmax(axis=1)
    return boxes


# By name.
RULES = {
    function.__name__: function
    for function in (largest_component, released_nlccam, mean_multiple, energy)
}


@dataclass(frozen=True)
class BoxRule:
    """A box rule with its name, its function and a threshold."""

    name: str
    boxes: BoxFunction
    threshold: float

    @property
    def grid(self) -> Sequence[float]:
        """The thresholds that a search tries, in ascending order, (T,)."""
        return self.boxes.grid

    def __call__(self, cam: np.ndarray, size: Size) -> Box:
        """Find the box of a map (h, w) in an image of (width, height) pixels."""
        return tuple(self.at((self.threshold,), cam, size)[0].tolist())

    def at(
        self,
        thresholds: Sequence[float],
        cam: np.ndarray,
        size: Size,
        alike: Optional[Alike] = None,
    ) -> np.ndarray:
        """Find the boxes, (T, 4), at several thresholds, (T,), or some ``alike``."""
        options = dict(alike=alike) if self.boxes is largest_component else {}
        boxes = np.asarray(self.boxes(cam, size, thresholds, **options))
        if boxes.shape != (len(thresholds), 4):
            raise ValueError(
                f'the box rule "{self.name}" must return a box for each threshold, '
                f'{(len(thresholds), 4)} numbers, got {boxes.shape}'
            )
        return boxes


def rule_at(name: str, boxes: BoxFunction, threshold: Optional[float]) -> BoxRule:
    """Set the threshold of a rule, by default its own; outside it is a ValueError."""
    threshold = boxes.threshold if threshold is None else threshold
    first, last = boxes.grid[0], boxes.grid[-1]
    if boxes.grid == FRACTIONS:
        good, known = 0 <= threshold < 1, 'at least 0 and below 1'
    else:
        good, known = first <= threshold <= last, f'from {first:g} to {last:g}'
    if not good:
        raise ValueError(
            f'the threshold must be {known} for the box rule "{name}", got {threshold}'
        )
    return BoxRule(name, boxes, threshold)
