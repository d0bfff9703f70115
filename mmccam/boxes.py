"""From a localization map to a box, and the overlap of boxes.

The one box convention of the project: ``(x0, y0, x1, y1)`` in pixels of the original
image, 0-based, with the first and the last pixel inside the box, so that its width is
``x1 - x0 + 1``. Maps are (h, w), image sizes (width, height).
"""

from collections.abc import Sequence

import cv2
import numpy as np

Box = tuple[float, float, float, float]


def is_degenerate(cam: np.ndarray) -> bool:
    """Whether a map can show no object: it is constant or not finite.

    Args:
        cam: Map, (h, w).
    """
    return not np.isfinite(cam).all() or cam.min() == cam.max()


def resize_map(cam: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Subtract the minimum of a map and resize it bilinearly.

    Args:
        cam: Map, (h, w).
        size: Width and height in pixels.

    Returns:
        Map with no value below 0, (height, width), float32.
    """
    cam = np.asarray(cam, dtype=np.float32)
    with np.errstate(invalid='ignore'):  # infinite values become NaN
        cam = cam - cam.min()
    return cv2.resize(cam, tuple(size), interpolation=cv2.INTER_LINEAR)


def image_box(size: tuple[int, int]) -> Box:
    """The box of a whole image of the given width and height in pixels."""
    width, height = size
    return (0, 0, width - 1, height - 1)


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
