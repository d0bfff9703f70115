"""The one box convention: area, overlap and the check of a box.

A box is ``(x0, y0, x1, y1)`` in pixels of the original image, 0-based. The first and
the last pixel lie inside the box, so that its width is ``x1 - x0 + 1``.
"""

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]
Size = tuple[int, int]  #: width and height of an image in pixels


def image_box(size: Size) -> Box:
    """The box of a whole image."""
    width, height = size
    return (0, 0, width - 1, height - 1)


def clip_box(box: Box, size: Size) -> Box:
    """The part of a box in its image; a rule may round to the pixel behind the last."""
    _, _, right, bottom = image_box(size)
    return tuple(np.clip(box, 0, [right, bottom, right, bottom]).tolist())


def to_xywh(box: Box) -> list[float]:
    """Turn a box x0, y0, x1, y1 into x, y, width, height, all in pixels."""
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0 + 1, y1 - y0 + 1]


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union, (n, m), of boxes (n, 4) with others (m, 4)."""
    boxes = np.asarray(boxes, np.float64)[:, None]
    others = np.asarray(others, np.float64)
    shared = intersection(boxes, others)
    return shared / (box_area(boxes) + box_area(others) - shared)


def between_alike(
    inner: np.ndarray, outer: np.ndarray, others: np.ndarray, ious: Sequence[float]
) -> np.ndarray:
    """Whether all boxes between two reach the same of some IoUs, (n,).

    Each contains its inner box, of (n, 4), and lies in its outer one, of (n, 4). What
    counts is its highest IoU with any of the others, (m, 4).
    """
    inside, around = (
        intersection(np.asarray(boxes, np.float64)[:, None], others)
        for boxes in (inner, outer)
    )
    area = box_area(np.asarray(others, np.float64))
    lowest = inside / (box_area(outer)[:, None] + area - around)
    highest = around / (box_area(inner)[:, None] + area - inside)
    # Rounding must not matter: what is closer to an IoU is not alike.
    reach = lowest.max(axis=1)[:, None] > np.add(ious, 1e-9)
    fail = highest.max(axis=1)[:, None] < np.subtract(ious, 1e-9)
    return (reach | fail).all(axis=1)


def intersection(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pixels that boxes (..., 4) have in common with others (..., 4)."""
    starts = np.maximum(boxes[..., :2], others[..., :2])
    ends = np.minimum(boxes[..., 2:], others[..., 2:])
    return np.clip(ends - starts + 1, 0, None).prod(axis=-1)


def box_area(boxes: np.ndarray) -> np.ndarray:
    """Pixels of boxes (..., 4)."""
    return (boxes[..., 2:] - boxes[..., :2] + 1).prod(axis=-1)


def check_boxes(boxes: np.ndarray, size: Size, where: str) -> np.ndarray:
    """Check that boxes lie in their image; they may end at its width and height.

    Args:
        boxes: Boxes in pixels, (n, 4) or (4,), which are returned as (n, 4).
        size: Width and height of the image.
        where: The image, or the line that has the boxes, for messages.

    Raises:
        ValueError: If a box is reversed, outside or NaN.
    """
    boxes = np.asarray(boxes).reshape(-1, 4)
    _refuse(boxes, boxes, size, where)
    return boxes


def clip_boxes(boxes: np.ndarray, size: Size, where: str) -> np.ndarray:
    """Clip boxes to an image, float32; reversed, NaN or all outside is a ValueError."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    ends = np.minimum(boxes[:, 2:], np.array(size, np.float32) - 1)
    clipped = np.hstack([np.maximum(boxes[:, :2], 0), ends])
    _refuse(boxes, clipped, size, where)  # outside of the image they are reversed
    return clipped


def _refuse(boxes: np.ndarray, inside: np.ndarray, size: Size, where: str) -> None:
    """Raise for the first of the boxes whose part inside the image is no box."""
    first, last = inside[:, :2], inside[:, 2:]
    good = ((0 <= first) & (first <= last) & (last <= size)).all(axis=1)
    if not good.all():
        raise ValueError(
            f'{where}: the box {boxes[~good][0].tolist()} is reversed, NaN or outside '
            f'the image of {size[0]} x {size[1]} pixels'
        )
