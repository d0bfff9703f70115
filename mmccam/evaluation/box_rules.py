"""The box rules that a config can name."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np

from ..boxes import Box, cam_boxes, nlccam_released_boxes
from ..registry import FUNCTIONS

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
