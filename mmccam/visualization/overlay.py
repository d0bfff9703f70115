"""Draw maps and boxes over an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from ..boxes import Box
from ..maps import is_degenerate, resize_map
from .canvas import stack, write_text

# Colour-blind readers can tell these apart; the true box is dashed besides.
PREDICTED = (0, 90, 255)  # blue, RGB
TRUE = (230, 0, 0)  # red
WHITE = (255, 255, 255)
LINE_WIDTH = 3
HALO_WIDTH = 5
DASH = 14  # pixels of a dash and of a gap
MIN_SIDE = 320  # pixels


@dataclass(frozen=True, eq=False)
class Panel:
    """One of several pictures of an image, drawn side by side."""

    caption: str = ''  #: line of text above
    cam: Optional[np.ndarray] = None  #: map (h, w) to draw as heat; else the image is
    box: Optional[Box] = None  #: predicted box in pixels of the image


def draw_localization(
    image: np.ndarray,
    cam: np.ndarray,
    box: Box,
    true_boxes: np.ndarray,
    title: str = '',
    side: Optional[int] = None,
) -> np.ndarray:
    """Draw an image with its boxes, and beside it the same under the heat map.

    Arguments and picture are as of :func:`~mmccam.visualization.draw_panels`.
    """
    panels = [Panel(box=box), Panel(cam=cam, box=box)]
    return draw_panels(image, panels, true_boxes, title, side)


def draw_panels(
    image: np.ndarray,
    panels: Sequence[Panel],
    true_boxes: Sequence[Sequence[float]],
    title: str = '',
    side: Optional[int] = None,
) -> np.ndarray:
    """Draw an image and its maps, each with box and caption, (H', W', 3), uint8, RGB.

    Heat goes from purple (low) over green to yellow (high), over the image in gray.
    Predicted boxes are solid and blue, true boxes dashed and red.

    Args:
        image: Image, (H, W, 3), uint8, RGB.
        panels: What to draw, from left to right.
        true_boxes: True boxes in pixels of the image, (n, 4), on all panels.
        title: Text above.
        side: Pixels of a panel's longer side. Defaults to the image's, at least 320.
    """
    side = side or max(MIN_SIDE, *image.shape[:2])
    scale = side / max(image.shape[:2])
    size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(image, size, interpolation=smooth)
    rows = [[_draw_panel(image, panel, true_boxes, scale) for panel in panels]]
    width = image.shape[1]
    if any(panel.caption for panel in panels):
        rows.insert(0, [write_text(panel.caption, width) for panel in panels])
    picture = stack(rows)
    if title:
        picture = stack([[write_text(title, picture.shape[1])], [picture]], gap=0)
    return picture


def _draw_panel(
    image: np.ndarray, panel: Panel, true_boxes: Sequence[Sequence[float]], scale: float
) -> np.ndarray:
    picture = image.copy() if panel.cam is None else _draw_heat(image, panel.cam)
    if panel.box is not None:
        _draw_lines(picture, [_outline(panel.box, scale, picture)], PREDICTED)
    # On top: where both boxes are equal, the other one shows between the dashes.
    outlines = [_outline(box, scale, picture) for box in true_boxes]
    _draw_lines(picture, [dash for one in outlines for dash in _dashes(one)], TRUE)
    return picture


def _draw_heat(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    heat = resize_map(cam, image.shape[1::-1])
    is_empty = is_degenerate(cam) or heat.max() <= 0
    heat = np.zeros_like(heat) if is_empty else heat * (255 / heat.max())
    # Brightness grows with the heat, for readers who see no colours.
    colours = cv2.applyColorMap(heat.astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    colours = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    return cv2.addWeighted(gray, 0.4, colours, 0.6, 0)


def _outline(box: Sequence[float], scale: float, picture: np.ndarray) -> np.ndarray:
    """The four corners of a box in a picture, and the first again, (5, 2)."""
    height, width = picture.shape[:2]
    # The right and lower edges of the last pixels, so that one pixel can be seen.
    corners = (np.asarray(box, np.float64) + [0, 0, 1, 1]) * scale
    x0, y0, x1, y1 = corners.clip(0, [width - 1, height - 1] * 2)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]])


def _dashes(outline: np.ndarray) -> list[np.ndarray]:
    """Cut an outline into dashes, (2, 2) each, that cover its corners."""
    dashes = []
    for start, end in zip(outline, outline[1:]):
        number = 1 + int(np.abs(end - start).max() / (2 * DASH))
        dashes += [*np.linspace(start, end, 2 * number).reshape(number, 2, 2)]
    return dashes


def _draw_lines(
    picture: np.ndarray, lines: Sequence[np.ndarray], colour: tuple[int, int, int]
) -> None:
    """Draw lines (n, 2) that can be seen on any background."""
    lines = [np.rint(line).astype(np.int32) for line in lines]
    for edge, width in ((WHITE, HALO_WIDTH), (colour, LINE_WIDTH)):
        cv2.polylines(picture, lines, False, edge, width, cv2.LINE_AA)


def draw_legend() -> np.ndarray:
    """Draw what the colours of boxes and maps mean, (H, W, 3), uint8, RGB."""
    box = np.array([4, 4, 39, 20])
    swatch = np.full((25, 44, 3), 255, np.uint8)
    heat = _draw_heat(swatch, np.arange(44)[None])
    truth = _draw_panel(swatch, Panel(), box[None], 1)
    predicted = _draw_panel(swatch, Panel(box=box), (), 1)
    parts = {'predicted': predicted, 'true box': truth, 'map, low to high': heat}
    texts = map(write_text, parts)
    return stack([[part for pair in zip(parts.values(), texts) for part in pair]])
