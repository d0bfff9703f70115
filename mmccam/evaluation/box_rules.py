"""The box rules: from a map to a box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

import cv2
import numpy as np

from ..boxes import Box, Size, image_box
from ..maps import is_degenerate, resize_map
from ..registry import FUNCTIONS
from ..structures import given_map_name
from .components import largest_boxes

BoxFunction = Callable[[np.ndarray, Size, Sequence[float]], np.ndarray]

# Names of rules before they were called by what they do.
FORMER_NAMES = dict(cam='largest_component', nlccam_released='released_nlccam')


def present_name(name: str) -> str:
    """The name of a box rule, whose former name may be given."""
    return FORMER_NAMES.get(name, name)


def box_rule(name: str, threshold: float) -> Callable[[BoxFunction], BoxFunction]:
    """Register a function as a box rule.

    The function ``rule(cam, size, thresholds)`` gets a map (h, w), the size (width,
    height) of the image in pixels and thresholds, (T,). It returns a box (x0, y0, x1,
    y1) in pixels for each threshold, (T, 4). A map that is constant, NaN or infinite
    must have boxes too; the rules of the package give the whole image. The default
    ``threshold`` is a fraction of the map's range.
    """

    def register(boxes: BoxFunction) -> BoxFunction:
        boxes.threshold = threshold
        return FUNCTIONS.register_module(name=name, module=boxes)

    return register


@box_rule('largest_component', threshold=0.2)
def largest_component(
    cam: np.ndarray, size: Size, thresholds: Sequence[float]
) -> np.ndarray:
    """The box rule of class activation maps (Zhou et al., CVPR 2016).

    Values of at least the threshold times the maximum, at the image's own size; the
    largest 8-connected component by area.
    """
    cam = resize_map(cam, size)
    if is_degenerate(cam):
        return np.array([image_box(size)] * len(thresholds))
    levels = np.array([threshold * cam.max() for threshold in thresholds])
    return largest_boxes(cam, levels, connectivity=8)


@box_rule('released_nlccam', threshold=0.12)
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
    mean, cuts = cam.mean(), []
    for cut in [threshold * cam.max() for threshold in thresholds]:
        if cut < mean:  # else the mean after the cut is below it, too
            _, rest = cv2.threshold(cam, float(cut), 0, cv2.THRESH_TOZERO)
            cut = max(cut, rest.mean())
        cuts.append(cut)
    above = np.nextafter(np.array(cuts, np.float32), np.float32(np.inf))
    found = largest_boxes(cam, above, connectivity=4, by_box=True)
    boxes = np.rint((found + [0, 0, 1, 1]) * (np.array([*size, *size]) / side))
    # No pixel is above the rounded mean of an almost constant map.
    boxes[found[:, 2] < 0] = image_box(size)
    return boxes


@dataclass(frozen=True)
class BoxRule:
    """A box rule with its name, its function and a threshold."""

    name: str
    boxes: BoxFunction
    threshold: float

    def __call__(self, cam: np.ndarray, size: Size) -> Box:
        """Find the box of a map (h, w) in an image of (width, height) pixels."""
        return tuple(self.at((self.threshold,), cam, size)[0].tolist())

    def at(
        self, thresholds: Sequence[float], cam: np.ndarray, size: Size
    ) -> np.ndarray:
        """Find the boxes, (T, 4), at several thresholds, (T,)."""
        boxes = np.asarray(self.boxes(cam, size, thresholds))
        if boxes.shape != (len(thresholds), 4):
            raise ValueError(
                f'the box rule "{self.name}" must return a box for each threshold, '
                f'{(len(thresholds), 4)} numbers, got {boxes.shape}'
            )
        return boxes


def build_box_rule(
    name: Optional[str] = None, threshold: Optional[float] = None
) -> BoxRule:
    """Find a box rule by its name and set its threshold.

    It is ``largest_component`` (formerly ``cam``), the default, ``released_nlccam``
    (formerly ``nlccam_released``) or your own. The threshold, by default that of the
    rule, is a fraction of the map's range, 0 <= threshold < 1. Others are a ValueError.
    """
    name = present_name(name or 'largest_component')
    # Not FUNCTIONS.get, which imports a module of an unknown name.
    boxes = FUNCTIONS.module_dict.get(name)
    if boxes is None:
        known = ', '.join(FUNCTIONS.module_dict)
        raise ValueError(f'there is no box rule "{name}", only {known}')
    if not hasattr(boxes, 'threshold'):
        raise ValueError(
            f'the box rule "{name}" has no default threshold: register it by '
            f'@mmccam.evaluation.box_rule("{name}", threshold=0.2)'
        )
    threshold = boxes.threshold if threshold is None else threshold
    if not 0 <= threshold < 1:
        raise ValueError(f'threshold must be at least 0 and below 1, got {threshold}')
    return BoxRule(name, boxes, threshold)


class BoxMaker:
    """A map by its name, and the ``box_rule`` that makes boxes of it.

    ``names_rule`` and ``names_threshold`` say whether it names a rule and a threshold:
    those that are searched apply where it does not. The arguments are those of
    :class:`~mmccam.evaluation.BoxMetric`.
    """

    def __init__(
        self,
        map_name: Optional[str] = None,
        box_rule: Optional[str] = None,
        threshold: Optional[float] = None,
        *,
        cam: Optional[str] = None,
    ) -> None:
        self.map_name = given_map_name(map_name, cam)
        self.names_rule = box_rule is not None
        self.names_threshold = threshold is not None
        self.box_rule = build_box_rule(box_rule, threshold)
