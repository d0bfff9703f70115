"""From a localization map to a box, and the overlap of boxes.

The one box convention of the project: ``(x0, y0, x1, y1)`` in pixels of the original
image, 0-based, with the first and the last pixel inside the box, so that its width is
``x1 - x0 + 1``. Maps are (h, w), image sizes (width, height).
"""

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]


def image_box(size: tuple[int, int]) -> Box:
    """The box of a whole image of the given width and height in pixels."""
    width, height = size
    return (0, 0, width - 1, height - 1)


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes with others, with the +1 pixel convention.

    Args:
        boxes: Boxes (x0, y0, x1, y1) in pixels, (n, 4).
        others: Boxes, (m, 4).

    Returns:
        Overlaps between 0 and 1, (n, m).
    """
    boxes = np.asarray(boxes, np.float64)[:, None]
    others = np.asarray(others, np.float64)
    shared = intersection(boxes, others)
    return shared / (box_area(boxes) + box_area(others) - shared)


def intersection(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pixels that boxes (..., 4) have in common with others (..., 4)."""
    starts = np.maximum(boxes[..., :2], others[..., :2])
    ends = np.minimum(boxes[..., 2:], others[..., 2:])
    return np.clip(ends - starts + 1, 0, None).prod(axis=-1)


def box_area(boxes: np.ndarray) -> np.ndarray:
    """Pixels of boxes (..., 4)."""
    return (boxes[..., 2:] - boxes[..., :2] + 1).prod(axis=-1)


def clip_boxes(
    boxes: np.ndarray, image_size: tuple[int, int], where: str
) -> np.ndarray:
    """Clip boxes to the pixels of an image.

    Args:
        boxes: First and last column and row, from 0, (n, 4).
        image_size: Width and height of the image in pixels.
        where: Where the boxes stand, for messages.

    Returns:
        Boxes that end at the last pixel, (n, 4), float32.

    Raises:
        ValueError: If a box is reversed or has no pixel in the image.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    last = np.array(image_size, np.float32) - 1
    first, end = boxes[:, :2], boxes[:, 2:]
    good = ((first <= end) & (first <= last) & (end >= 0)).all(axis=1)
    if not good.all():
        raise ValueError(
            f'{where}: the box {boxes[~good][0].tolist()} is reversed or outside the '
            f'image of {image_size[0]} x {image_size[1]} pixels'
        )
    return boxes.clip(0, np.tile(last, 2))


def is_inside(box: Sequence[float], image_size: tuple[float, float]) -> bool:
    """Whether a box lies in its image.

    Some published boxes end behind the last pixel, at the width or height itself.

    Args:
        box: Corners x0, y0, x1, y1 in pixels, from 0.
        image_size: Width and height of the image in pixels.
    """
    x0, y0, x1, y1 = box
    return x0 >= 0 and y0 >= 0 and x1 <= image_size[0] and y1 <= image_size[1]
