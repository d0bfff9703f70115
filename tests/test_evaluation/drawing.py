"""Maps with rectangles, whose ends lie inside."""

import numpy as np

WIDTH, HEIGHT = 30, 20
BOX = (5, 3, 24, 12)  # 20 x 10 pixels
FAR = (0, 15, 3, 19)


def rectangles(*rectangles, size=(224, 224), background=0.0):
    """A map of a size (width, height) with rectangles (x0, y0, x1, y1, value)."""
    cam = np.full(size[::-1], background, np.float32)
    for x0, y0, x1, y1, value in rectangles:
        cam[y0 : y1 + 1, x0 : x1 + 1] = value
    return cam


def draw(box, beside=0):
    """A map of 30 x 20 with a box of 1, which the rule of components gives back.

    Args:
        box: The box.
        beside: Value of the five columns on the left.
    """
    return rectangles((0, 0, 4, HEIGHT, beside), (*box, 1), size=(WIDTH, HEIGHT))
