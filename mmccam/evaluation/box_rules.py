"""The box rules that a config can name."""

from functools import partial
from typing import Callable, Optional

import numpy as np

from ..boxes import Box, cam_box, nlccam_released_box
from ..registry import FUNCTIONS

BoxRule = Callable[[np.ndarray, tuple[int, int]], Box]

FUNCTIONS.register_module(name='cam', module=cam_box)
FUNCTIONS.register_module(name='nlccam_released', module=nlccam_released_box)


def build_box_rule(name: str, threshold: Optional[float] = None) -> BoxRule:
    """Find a box rule by its name and set its threshold.

    A rule of your own is a function ``rule(cam, size, threshold=...)`` that returns a
    box (x0, y0, x1, y1) in pixels, for constant and NaN maps too, registered in
    ``mmccam.registry.FUNCTIONS``.

    Args:
        name: Name of the rule: ``cam``, ``nlccam_released`` or your own.
        threshold: Fraction of the map's range, 0 <= threshold < 1. Defaults to
            that of the rule.

    Returns:
        Function of a map (h, w) and an image size (width, height).

    Raises:
        ValueError: If there is no such rule or the threshold lies outside its range.
    """
    rule = FUNCTIONS.get(name)
    if rule is None:
        raise ValueError(
            f'there is no box rule "{name}"; mmccam has "cam" and "nlccam_released"'
        )
    if threshold is None:
        return rule
    if not 0 <= threshold < 1:
        raise ValueError(f'threshold must be at least 0 and below 1, got {threshold}')
    return partial(rule, threshold=threshold)
