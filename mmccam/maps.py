"""A finished map: whether it shows anything, and how it is resized and stretched."""

import cv2
import numpy as np

from .boxes import Size

# Pixels of a side of the maps that MaxBoxAcc and PxAP measure (Choe et al., CVPR 2020).
SCORE_MAP_SIDE = 224


def is_degenerate(cam: np.ndarray) -> bool:
    """Whether a map (h, w) can show no object: constant, or without a finite range."""
    with np.errstate(over='ignore', invalid='ignore'):
        extent = cam.max() - cam.min()
    return not 0 < extent < np.inf


def resize_map(cam: np.ndarray, size: Size) -> np.ndarray:
    """Subtract the minimum of a map (h, w) and resize it bilinearly.

    Returns:
        Map from 0 on, (height, width), float32.
    """
    cam = np.asarray(cam, dtype=np.float32)
    with np.errstate(invalid='ignore'):  # infinite values become NaN
        cam = cam - cam.min()
    return cv2.resize(cam, tuple(size), interpolation=cv2.INTER_LINEAR)


def score_map(cam: np.ndarray) -> np.ndarray:
    """Stretch a map (h, w) to 224 x 224, as :func:`stretch` does."""
    return stretch(cam, (SCORE_MAP_SIDE, SCORE_MAP_SIDE))


def stretch(cam: np.ndarray, size: Size) -> np.ndarray:
    """Resize a map (h, w) by cubic interpolation and stretch it to 0 ... 1.

    The map is float32 or float64, and is resized in that precision, as Choe et al. do.

    Returns:
        Map, (height, width), float64; zeros where it shows nothing.
    """
    scores = cv2.resize(cam, size, interpolation=cv2.INTER_CUBIC).astype(np.float64)
    if is_degenerate(cam) or is_degenerate(scores):
        return np.zeros_like(scores)
    scores -= scores.min()
    return scores / scores.max()


def score_thresholds(step: float) -> np.ndarray:
    """The thresholds 0, step, 2 step ... below 1, where 0 < step < 1."""
    if not 0 < step < 1:
        raise ValueError(f'step must lie between 0 and 1, got {step}')
    return np.arange(0, 1, step)
