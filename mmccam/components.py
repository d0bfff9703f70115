"""The component with the largest box at many levels, from one pass over the map.

Components only grow and merge as the level falls, so that one pass finds all of them:

1. Each row is cut into runs: pixels side by side that reach the same levels.
2. Each run points to the highest run that it touches, up to a peak. Where they reach a
   level, all runs of a peak are in one component.
3. Two peaks are in one component up to the level at which runs of both touch.
"""

from typing import Optional

import cv2
import numpy as np

# One pass takes as long as some ten levels on their own, and longer for maps of noise.
MIN_LEVELS, MAX_PEAKS = 10, 500


def largest_boxes(cam: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Find the largest box of a 4-connected component that reaches each level.

    Args:
        cam: Map, (h, w), float32, from 0 on.
        levels: Levels in any order, from 0 on, (T,).

    Returns:
        Boxes, (T, 4); (0, 0, -1, -1) where no pixel reaches the level.
    """
    levels, place = np.unique(levels, return_inverse=True)
    _, left, top = part = _crop(cam >= levels[0])
    height, width = part[0].shape
    cam = cam[top : top + height, left : left + width]
    boxes = [None] * len(levels)
    if cam.size and len(levels) >= MIN_LEVELS:
        boxes = _boxes_of_all(cam, levels)
    for index, level in enumerate(levels):
        if boxes[index] is None:
            boxes[index] = _box_of_one(cam >= level)
    boxes = np.array(boxes)
    boxes[boxes[:, 2] >= 0] += [left, top, left, top]
    return boxes[place]


def _box_of_one(mask: np.ndarray) -> list[int]:
    """The largest box of a component; of equally large ones OpenCV's first."""
    part, left, top = _crop(mask)
    if not part.size:
        return [0, 0, -1, -1]
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
    boxes = stats[1:, :4]  # the first is the background
    x, y, width, height = boxes[boxes[:, 2:].prod(axis=1).argmax()]
    left, top = left + x, top + y
    return [left, top, left + width - 1, top + height - 1]


def _crop(mask: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The part of a mask that has all its pixels, uint8, and its left and top."""
    mask = mask.view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width], left, top


def _boxes_of_all(cam: np.ndarray, levels: np.ndarray) -> list[Optional[np.ndarray]]:
    """The boxes at ascending levels, None where one must be looked at alone."""
    # A border that reaches no level keeps the rows apart in the flat map.
    cam = cv2.copyMakeBorder(cam, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=-1)
    width, kind = cam.shape[1], np.min_scalar_type(len(levels))
    parts = np.array_split(cam.ravel(), 1 + cam.size // 8192)  # fit the cache
    reached = np.concatenate(
        [np.searchsorted(levels, part, side='right').astype(kind) for part in parts]
    )
    begins = reached[1:] != reached[:-1]
    starts = np.append(0, 1 + np.flatnonzero(begins))
    run_of = np.cumsum(begins, dtype=np.int32)
    lengths = np.diff(starts, append=cam.size)
    peaks = _climb(cam, starts, starts + lengths - 1, run_of)
    count = peaks.max() + 1
    if count > MAX_PEAKS:
        return [None] * len(levels)
    image = np.repeat(peaks.astype(np.int16), lengths)
    component = _merge(image, reached, width, (len(levels) + 1, count))
    cells = reached[starts] * count + peaks
    y, x = np.divmod(starts, width)
    x0, y0, x1, y1 = (
        _gather(np.minimum, cells, values, component, cam.size)
        for values in (x, y, 1 - x - lengths, -y)
    )
    # Where there is no component, both sides are negative.
    sizes = np.where(x0 < cam.size, (1 - x1 - x0) * (1 - y1 - y0), 0)
    largest = sizes.argmax(axis=1)
    alone = (sizes == sizes.max(axis=1, keepdims=True)).sum(axis=1) == 1
    boxes = np.stack([x0, y0, -x1, -y1], axis=2) - 1  # without the border
    return [
        boxes[level, largest[level]] if alone[level] else None
        for level in range(1, len(levels) + 1)
    ]


def _climb(
    cam: np.ndarray, starts: np.ndarray, ends: np.ndarray, run_of: np.ndarray
) -> np.ndarray:
    """Number the peak of each run, (runs,)."""
    width, values, numbers = cam.shape[1], cam.ravel(), np.arange(len(starts))
    tops = np.where(values[starts] > values[ends], starts, ends)
    # By height, whose bits are in its order, then by number.
    shift = len(starts).bit_length()
    keys = (values[tops].view(np.int32).astype(np.int64) << shift) + numbers
    highest = keys.copy()
    inner, tops = highest[1:-1], tops[1:-1]  # the first and last are the border
    for touching in (
        keys[:-2],
        keys[2:],
        keys[run_of[tops - width - 1]],
        keys[run_of[tops + width - 1]],
    ):
        np.maximum(inner, touching, out=inner)
    above = highest & ((1 << shift) - 1)
    is_peak = above == numbers
    above, last = above[above], above
    while not np.array_equal(above, last):
        above, last = above[above], above
    return (np.cumsum(is_peak) - 1)[above]


def _merge(
    peaks: np.ndarray, reached: np.ndarray, width: int, shape: tuple[int, int]
) -> np.ndarray:
    """Number the component of each peak at each level, (levels, peaks)."""
    count = shape[1]
    # The highest level at which two peaks touch.
    joined = np.zeros(count * count, reached.dtype)
    for step in (1, width):
        first = np.flatnonzero(peaks[:-step] != peaks[step:])
        second = first + step
        pairs = peaks[first].astype(np.int64) * count + peaks[second]
        np.maximum.at(joined, pairs, np.minimum(reached[first], reached[second]))
    component, roots = np.tile(np.arange(count), (shape[0], 1)), np.arange(count)
    pairs = np.flatnonzero(joined)
    for pair in pairs[np.argsort(joined[pairs])[::-1]].tolist():
        one, other = roots[pair // count], roots[pair % count]
        if one != other:
            roots[roots == other] = one
            component[: int(joined[pair]) + 1] = roots
    return component + count * np.arange(shape[0])[:, None]


def _gather(
    combine: np.ufunc,
    cells: np.ndarray,
    values: np.ndarray,
    component: np.ndarray,
    start: int,
) -> np.ndarray:
    """Combine values of runs to those of components at each level, (levels, peaks)."""
    of_peaks = np.full(component.size, start)
    combine.at(of_peaks, cells, values)
    of_peaks = combine.accumulate(of_peaks.reshape(component.shape)[::-1])[::-1]
    found = np.full(component.size, start)
    combine.at(found, component.ravel(), of_peaks.ravel())
    return found.reshape(component.shape)
