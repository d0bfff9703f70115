"""The component with the most pixels at many levels, from the contours of few of them.

**Counting by contours.** A border of ``cv2.findContours`` is a polygon through the
centres of pixels. By Pick's theorem one of area A and B steps from pixel to pixel has
A - B/2 + 1 pixels inside and B on it; where it runs back on itself, both count twice.
The pixels of an 8-connected component are those in and on its outer border without
those inside the borders of its holes, which run on the pixels around them.

**Skipping levels.** Let A be the largest component at a level, B that at a higher one.
If B has more pixels than half of A, and than every other component at A's level, it is
a part of A. At a level between them, the component around B is the largest: what else
is in A has fewer pixels than half of A, and other components only shrink. So its box is
inside that of A, and that of B is inside it.
"""

from typing import Callable, Optional

import cv2
import numpy as np

# Says of boxes (n, 4), and of others (n, 4) around them, whether those between are all
# alike, so that the first can be returned for them, (n,).
Alike = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Distance of the levels that are looked at first.
STRIDE = 8
# In one call of OpenCV: enough for threads to run side by side.
PIXELS_AT_ONCE = 1 << 20


def largest_area_boxes(
    cam: np.ndarray, levels: np.ndarray, alike: Optional[Alike] = None
) -> np.ndarray:
    """Find the box of the largest 8-connected component that reaches each level.

    Args:
        cam: Map, (h, w), float32, from 0 to above 0.
        levels: Levels in any order, from 0 to the maximum of the map, (T,).
        alike: Which boxes may be returned for each other; by default none.

    Returns:
        Boxes, (T, 4).
    """
    levels, place = np.unique(levels, return_inverse=True)
    stride = 1 if alike is None else STRIDE
    seen = np.unique(np.append(np.arange(0, len(levels), stride), len(levels) - 1))
    boxes = np.zeros((len(levels), 4), int)
    boxes[seen], largest, second = _look(cam, levels[seen])
    inner, outer = boxes[seen[1:]], boxes[seen[:-1]]
    nested = (2 * largest[1:] > largest[:-1]) & (largest[1:] > second[:-1])
    if alike is not None:
        nested &= alike(inner, outer)
    following = np.searchsorted(seen, np.arange(len(levels)))
    skipped = np.append(False, nested)[following]
    skipped[seen] = False
    boxes[skipped] = boxes[seen[following[skipped]]]
    rest = np.setdiff1d(np.flatnonzero(~skipped), seen)
    if len(rest):
        boxes[rest] = _look(cam, levels[rest])[0]
    return boxes[place]


def _look(
    cam: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The boxes (T, 4) at ascending levels, pixels of the largest and second, (T,)."""
    index, boxes, pixels = _find_components(cam, levels)
    order = np.lexsort((-pixels, index))
    boxes, pixels = boxes[order], pixels[order]
    number = np.bincount(index)
    first, several = np.cumsum(number) - number, number > 1
    boxes, largest, second = boxes[first], pixels[first], np.zeros(len(levels), int)
    second[several] = pixels[first[several] + 1]
    for tie in np.flatnonzero(second == largest):
        boxes[tie] = _first_of_largest(cam >= levels[tie])
    return boxes, largest, second


def _find_components(
    cam: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of levels (n,), boxes (n, 4) and pixels (n,) of all components.

    Levels are stacked below each other: one by one, Python's overhead would cost as
    much as the contours.
    """
    # An empty row is below each.
    cam = cv2.copyMakeBorder(cam, 0, 1, 0, 0, cv2.BORDER_CONSTANT, value=-1)
    done, found = 0, []
    while done < len(levels):
        reached = (cam >= levels[done]).view(np.uint8)
        left, top, width, height = cv2.boundingRect(reached)
        part = cam[top : top + height + 1, left : left + width].copy()
        some = levels[done : done + max(1, PIXELS_AT_ONCE // part.size), None, None]
        stack = (part >= some).view(np.uint8).reshape(-1, width)
        boxes, pixels = _measure(
            *cv2.findContours(stack, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        )
        below = boxes[:, 1] // len(part)
        boxes += [left, top, left, top]
        boxes[:, 1::2] -= below[:, None] * len(part)
        found.append((done + below, boxes, pixels))
        done += len(some)
    return tuple(map(np.concatenate, zip(*found)))


def _measure(
    contours: list[np.ndarray], hierarchy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) and pixels (n,) of the components with contours and their holes."""
    points, following, starts = contour_edges(contours)
    (x0, y0), (x1, y1) = points, following
    areas = np.abs(np.add.reduceat((x0 + x1) * (y1 - y0), starts))  # twice
    steps = np.add.reduceat(np.abs(following - points).max(axis=0), starts)
    lowest = np.minimum.reduceat(points, starts, axis=1)
    highest = np.maximum.reduceat(points, starts, axis=1)
    boxes = np.concatenate([lowest, highest]).T.astype(int)
    inside = (areas - steps) // 2 + 1
    pixels, parents = inside + steps, hierarchy[0, :, 3]
    is_hole = parents >= 0
    np.subtract.at(pixels, parents[is_hole], inside[is_hole])
    return boxes[~is_hole], pixels[~is_hole]


def contour_edges(
    contours: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (2, p) of contours, those that follow, (2, p), and indices of the first.

    For all at once: OpenCV releases Python's lock for each, and threads wait for it.
    """
    points = np.concatenate(contours)[:, 0].T.copy()
    ends = np.cumsum([len(contour) for contour in contours])
    starts = np.append(0, ends[:-1])
    following = np.roll(points, -1, axis=1)
    following[:, ends - 1] = points[:, starts]
    return points, following, starts


def _first_of_largest(mask: np.ndarray) -> np.ndarray:
    """The box of the largest component; of equally large ones OpenCV's first."""
    mask = mask.view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    _, _, components, _ = cv2.connectedComponentsWithStats(
        mask[top : top + height, left : left + width], connectivity=8
    )
    components = components[1:]  # the first is the background
    x, y, width, height, _ = components[components[:, 4].argmax()]
    return np.array([x, y, x + width - 1, y + height - 1]) + [left, top, left, top]
