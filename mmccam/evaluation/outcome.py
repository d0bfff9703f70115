"""What became of an image: the record of all metrics that need the same box."""

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..boxes import Box, box_area, box_iou, intersection

# What can go wrong, as LocalizationErrors explains it.
ERRORS = ('class_wrong', 'nothing_found', 'several_objects', 'too_small', 'too_large')


@dataclass(eq=False)  # two outcomes are never the same
class Outcome:
    """What became of an image, and what it takes to draw it.

    Args:
        kind: ``right`` or one of ``ERRORS``.
        overlap: Highest overlap of the box with a ground truth, 0 ... 1.
        box: Box of the target class in pixels of the original image.
        true_boxes: Ground-truth boxes in the same pixels, (n, 4).
        pred_label: The most probable class, or None without class scores.
        gt_label: The true class.
        image: ``sample_idx`` of the image and its ``img_path``, where it has them.
        cam: Map of the target class, (h, w), float32; None if it is not to be drawn.
        rank: Rank of the true class, from 0, or None without class scores.
    """

    kind: str
    overlap: float
    box: Box
    true_boxes: np.ndarray
    pred_label: Optional[int]
    gt_label: int
    image: dict[str, Any]
    cam: Optional[np.ndarray] = None
    rank: Optional[int] = None


def judge(
    box: Box,
    true_boxes: np.ndarray,
    class_right: bool,
    degenerate: bool,
    iou: float = 0.5,
) -> tuple[str, float]:
    """Decide what became of an image.

    Args:
        box: Box in pixels.
        true_boxes: Ground-truth boxes, (n, 4), n > 0.
        class_right: Whether the most probable class is right.
        degenerate: Whether the map is constant or not finite.
        iou: Overlap at which a box is right.

    Returns:
        The kind, and the highest overlap with a ground truth.
    """
    box, truth = np.array(box, np.float64), np.array(true_boxes, np.float64)
    overlaps = box_iou([box], truth)[0]
    best = overlaps.argmax()
    overlap = float(overlaps[best])
    covered = intersection(box, truth) / box_area(truth)
    if overlap >= iou:
        kind = 'right' if class_right else 'class_wrong'
    elif degenerate or overlap == 0:
        kind = 'nothing_found'
    elif (covered >= 0.5).sum() > 1:
        kind = 'several_objects'
    else:
        smaller = box_area(box) < box_area(truth[best])
        kind = 'too_small' if smaller else 'too_large'
    return kind, overlap
