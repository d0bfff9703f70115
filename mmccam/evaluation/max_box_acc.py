"""MaxBoxAcc: the accuracy of boxes at the best threshold (Choe et al., CVPR 2020)."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..boxes import box_iou
from ..largest_area import contour_edges
from ..maps import SCORE_MAP_SIDE, score_map, score_thresholds
from ..registry import METRICS
from ..structures import true_boxes
from .metric import LocalizationMetric, check_iou, count_hits, pack_hits

# Levels in one call of OpenCV: enough for threads to run side by side, few enough for
# the processor's cache.
LEVELS_AT_ONCE = 16
NAMES = dict(largest='max_box_acc', all='max_box_acc_v2')
V2_IOUS = {0.3, 0.5, 0.7}


@METRICS.register_module()
class MaxBoxAcc(LocalizationMetric):
    """MaxBoxAcc and MaxBoxAccV2 of one map, in percent.

    The share of images with a right box, at the threshold that is best for the
    evaluated images themselves. Reported are, for each IoU, say 0.5,

    - ``max_box_acc_50`` (V1): with the box of the largest contour,
    - ``max_box_acc_v2_50`` (V2): with the best of the boxes of all contours,

    and, for the IoUs 0.3, 0.5 and 0.7, ``max_box_acc_v2``, the mean of the latter. Map
    and boxes are brought to 224 x 224; a box is right if it overlaps one of the true
    boxes by at least the IoU. After the evaluation, the main process has the numbers of
    right images in ``correct``, (kinds, ious, thresholds), for ``thresholds``.

    Args:
        ious: Overlaps at which a box is right.
        contours: ``largest`` (V1), ``all`` (V2) or ``both``.
        step: Distance of the thresholds, 0 < step < 1.
        **kwargs: Arguments of :class:`~mmccam.evaluation.LocalizationMetric`.
    """

    def __init__(
        self,
        *args,
        ious: Sequence[float] = (0.3, 0.5, 0.7),
        contours: str = 'both',
        step: float = 0.001,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if contours not in ('both', *NAMES):
            known = '"largest", "all" or "both"'
            raise ValueError(f'contours must be {known}, got "{contours}"')
        if len(ious) == 0:
            raise ValueError('ious must name at least one overlap')
        for iou in ious:
            check_iou(iou)
        self.ious = np.array(ious)
        self.names = NAMES if contours == 'both' else {contours: NAMES[contours]}
        self.thresholds = score_thresholds(step)
        self.levels, self.level_of_threshold = threshold_levels(step)

    def record(self, sample: dict, cam: np.ndarray) -> np.ndarray:
        """Pack whether there is a right box into bits, of (levels, kinds, ious)."""
        height, width = sample['ori_shape']
        boxes = scale_boxes(true_boxes(sample), (width, height))
        overlaps = level_overlaps(score_map(cam), boxes, self.levels)
        overlaps = np.stack([overlaps[kind] for kind in self.names], axis=1)
        return pack_hits(overlaps, self.ious)

    def summarize(self, records: list[np.ndarray]) -> dict[str, float]:
        shape = (len(self.levels), len(self.names), len(self.ious))
        of_level = count_hits(records, shape)
        self.correct = of_level[self.level_of_threshold].transpose(1, 2, 0)
        values = {}
        for name, of_kind in zip(self.names.values(), self.correct):
            best = 100 * of_kind.max(axis=1) / len(records)
            for iou, accuracy in zip(self.ious, best):
                values[f'{name}_{100 * iou:g}'] = float(accuracy)
            if name == 'max_box_acc_v2' and set(self.ious.tolist()) == V2_IOUS:
                values[name] = float(best.mean())
        return values


def threshold_levels(step: float) -> tuple[np.ndarray, np.ndarray]:
    """The different levels ``int(255 τ)``, (L,), and their index of each τ, (T,)."""
    return np.unique((score_thresholds(step) * 255).astype(int), return_inverse=True)


def scale_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale boxes (n, 4) of an image of (width, height) pixels to 224, truncated."""
    return (np.asarray(boxes, np.float64) * SCORE_MAP_SIDE / [*size, *size]).astype(int)


def level_overlaps(
    scores: np.ndarray, boxes: np.ndarray, levels: np.ndarray
) -> dict[str, np.ndarray]:
    """The best overlap with a true box at each level of a map.

    A level cuts out the values of ``uint8(255 scores)`` above it. Of their contours,
    holes included, ``largest`` uses the first of the largest area and ``all`` every
    one. Without a contour the box is (0, 0, 0, 0). Scores are a map (224, 224) from 0
    to 1, true boxes (n, 4) are at its size, levels (L,) ascend; overlaps are (L,).
    """
    found, areas, index = _contour_boxes((scores * 255).astype(np.uint8), levels)
    nothing = np.full(len(levels), box_iou([[0, 0, 0, 0]], boxes).max())
    overlaps = box_iou(found, boxes).max(axis=1)
    best_of_all, best_of_largest = nothing.copy(), nothing.copy()
    best_of_all[index] = 0
    np.maximum.at(best_of_all, index, overlaps)
    # Both sorts are stable, so that the first of equal areas stays the first.
    by_area = np.argsort(-areas, kind='stable')
    level, first = np.unique(index[by_area], return_index=True)
    best_of_largest[level] = overlaps[by_area[first]]
    return dict(largest=best_of_largest, all=best_of_all)


def _contour_boxes(
    image: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4), areas (n,) and levels' indices (n,) of the contours at all levels.

    Levels are stacked below each other with an empty row between: one by one, Python's
    overhead would cost as much as the contours.
    """
    image = cv2.copyMakeBorder(image, 0, 1, 0, 0, cv2.BORDER_CONSTANT)
    contours, places = [], []
    for start in range(0, len(levels), LEVELS_AT_ONCE):
        some = levels[start : start + LEVELS_AT_ONCE].astype(np.uint8)
        left, top, width, height = cv2.boundingRect((image > some[0]).view(np.uint8))
        if height == 0:
            break
        rows = height + 1  # the last is empty: no value below is above a level
        part = image[top : top + rows, left : left + width].copy()
        stack = (part > some[:, None, None]).view(np.uint8).reshape(-1, width)
        found, _ = cv2.findContours(stack, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        contours += found
        places.append((len(found), start, rows, left, top))
    if not contours:
        return np.empty((0, 4), int), np.empty(0), np.empty(0, int)
    (x0, y0), (x1, y1), areas = _measure(contours)
    number, *places = np.array(places).T
    start, rows, left, top = np.repeat(places, number, axis=1)
    below = y0 // rows
    top = top - below * rows
    found = np.stack([x0 + left, y0 + top, x1 + left + 1, y1 + top + 1], axis=1)
    return np.minimum(found, SCORE_MAP_SIDE - 1), areas, start + below


def _measure(contours: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest and highest x and y, (2, n) each, and areas (n,) of contours."""
    points, following, starts = contour_edges(contours)
    (x0, y0), (x1, y1) = points, following
    areas = np.abs(np.add.reduceat(x0 * y1 - x1 * y0, starts)) / 2
    lowest = np.minimum.reduceat(points, starts, axis=1)
    highest = np.maximum.reduceat(points, starts, axis=1)
    return lowest, highest, areas
