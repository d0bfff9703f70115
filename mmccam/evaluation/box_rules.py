"""The box rules: from a map to a box."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

import cv2
import numpy as np

from ..boxes import Box, image_box
from ..maps import is_degenerate, resize_map
from ..registry import FUNCTIONS


def _crop(mask: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The part of a mask that has all its pixels, uint8, and its left and top."""
    mask = mask.view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width], left, top


def _largest_component(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, width and height of the largest 8-connected component by area."""
    part, left, top = _crop(mask)
    # OpenCV's statistics of all components would take several times as long.
    number, labels = cv2.connectedComponents(part, connectivity=8)
    if number > 2:  # the first is the background
        areas = np.bincount(labels.ravel())[1:]
        part, x, y = _crop(labels == 1 + areas.argmax())
        left, top = left + x, top + y
    height, width = part.shape
    return left, top, width, height


def _components(mask: np.ndarray) -> np.ndarray:
    """Left, top, width and height of each 4-connected component of a mask, (n, 4)."""
    part, left, top = _crop(mask)
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
    return stats[1:, :4] + [left, top, 0, 0]  # the first is the background


def cam_boxes(
    cam: np.ndarray, size: tuple[int, int], thresholds: Sequence[float] = (0.2,)
) -> list[Box]:
    """The box rule of class activation maps (Zhou et al., CVPR 2016).

    Values of at least the threshold times the maximum, at the image's own size; the
    largest 8-connected component by area.

    Args:
        cam: Map, (h, w), of any range.
        size: Width and height of the image in pixels.
        thresholds: Fractions of the map's range above its minimum.

    Returns:
        A box for each threshold; the whole image where the map is constant or not
        finite.
    """
    cam = resize_map(cam, size)
    if is_degenerate(cam):
        return [image_box(size)] * len(thresholds)
    peak, boxes = cam.max(), []
    for threshold in thresholds:
        x, y, width, height = _largest_component(cam >= threshold * peak)
        boxes.append((x, y, x + width - 1, y + height - 1))
    return boxes


def nlccam_released_boxes(
    cam: np.ndarray, size: tuple[int, int], thresholds: Sequence[float] = (0.12,)
) -> list[Box]:
    """The box rule of the released NL-CCAM code.

    At 224 x 224, values above both the threshold times the maximum and the mean of the
    map after that first cut; the 4-connected component with the largest bounding box,
    scaled to the image and rounded. Unlike elsewhere the ends are exclusive, one pixel
    of the 224 behind the component, as the released code has them.

    Args:
        cam: Map, (h, w), of any range.
        size: Width and height of the image in pixels.
        thresholds: Fractions of the map's range above its minimum.

    Returns:
        A box for each threshold; the whole image where the map is constant or not
        finite.
    """
    side = 224
    cam = resize_map(cam, (side, side))
    if is_degenerate(cam):
        return [image_box(size)] * len(thresholds)
    peak, scale, boxes = cam.max(), np.array([*size, *size]) / side, []
    for threshold in thresholds:
        cut = threshold * peak
        mean_after_cut = np.where(cam > cut, cam, 0).mean()
        components = _components(cam > max(cut, mean_after_cut))
        if len(components) == 0:  # the rounded mean of an almost constant map
            boxes.append(image_box(size))
            continue
        areas = components[:, 2] * components[:, 3]
        x, y, width, height = components[areas.argmax()].tolist()
        corners = [x, y, x + width, y + height] * scale
        boxes.append(tuple(np.rint(corners).tolist()))
    return boxes


FUNCTIONS.register_module(name='cam', module=cam_boxes)
FUNCTIONS.register_module(name='nlccam_released', module=nlccam_released_boxes)


@dataclass(frozen=True)
class BoxRule:
    """A way from a map to a box, with its threshold.

    Args:
        name: Name of the rule.
        boxes: Function of a map (h, w), an image size (width, height) and thresholds
            that returns one box for each threshold.
        threshold: Threshold, a fraction of the map's range.
    """

    name: str
    boxes: Callable[[np.ndarray, tuple[int, int], Sequence[float]], Sequence[Box]]
    threshold: float

    def __call__(self, cam: np.ndarray, size: tuple[int, int]) -> Box:
        """Find the box of a map (h, w) in an image of (width, height) pixels."""
        return tuple(self.at((self.threshold,), cam, size)[0].tolist())

    def at(
        self, thresholds: Sequence[float], cam: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        """Find the boxes of a map (h, w) at several thresholds.

        Args:
            thresholds: Fractions of the map's range, (T,).
            cam: Map, (h, w).
            size: Width and height of the image in pixels.

        Returns:
            Boxes, (T, 4).

        Raises:
            ValueError: If the rule does not return a box for each threshold.
        """
        boxes = np.asarray(self.boxes(cam, size, thresholds))
        if boxes.shape != (len(thresholds), 4):
            raise ValueError(
                f'the box rule "{self.name}" must return a box for each threshold, '
                f'{(len(thresholds), 4)} numbers, got {boxes.shape}'
            )
        return boxes


def build_box_rule(name: str, threshold: Optional[float] = None) -> BoxRule:
    """Find a box rule by its name and set its threshold.

    A rule of your own is a function ``rule(cam, size, thresholds=(0.2,))`` that returns
    a box (x0, y0, x1, y1) in pixels for each threshold, for constant and NaN maps too,
    registered in ``mmccam.registry.FUNCTIONS``.

    Args:
        name: Name of the rule: ``cam``, ``nlccam_released`` or your own.
        threshold: Fraction of the map's range, 0 <= threshold < 1. Defaults to
            that of the rule.

    Raises:
        ValueError: If there is no such rule or the threshold lies outside its range.
    """
    # Not FUNCTIONS.get, which takes an unknown name for one of a module to import.
    boxes = FUNCTIONS.module_dict.get(name)
    if boxes is None:
        raise ValueError(
            f'there is no box rule "{name}", only {", ".join(FUNCTIONS.module_dict)}'
        )
    if threshold is None:
        try:
            (threshold,) = inspect.signature(boxes).parameters['thresholds'].default
        except (KeyError, TypeError):
            raise ValueError(
                f'the box rule "{name}" must have a parameter with its default, such '
                'as thresholds=(0.2,)'
            ) from None
    if not 0 <= threshold < 1:
        raise ValueError(f'threshold must be at least 0 and below 1, got {threshold}')
    return BoxRule(name, boxes, threshold)
