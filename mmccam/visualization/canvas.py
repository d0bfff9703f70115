"""Text, and pictures in rows and columns, on white."""

import textwrap
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Optional

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 8  # pixels between pictures
FONT_SIZE = 16  # pixels
LINE = 22  # pixels from one line of text to the next
MARGIN = 3  # pixels around a text


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    try:
        import matplotlib
    except ImportError:  # only OpenMMLab needs it
        return ImageFont.load_default(FONT_SIZE)
    # matplotlib brings it, so that pictures are the same everywhere. It has no Chinese.
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    path = Path(matplotlib.get_data_path(), 'fonts/ttf', name)
    return ImageFont.truetype(str(path), FONT_SIZE)


def write_text(
    text: str, width: Optional[int] = None, bold: bool = False
) -> np.ndarray:
    """Write a text in black on white, (22 lines + 6, width, 3), uint8.

    Lines are broken at the width, in pixels. Without one there is one line.
    """
    font = _font(bold)
    if width is None:
        width = round(font.getlength(text)) + 2 * MARGIN + 1
    lines = _break_lines(text, width - 2 * MARGIN, font)
    picture = Image.new('RGB', (width, LINE * len(lines) + 2 * MARGIN), 'white')
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + LINE * index), line, 'black', font)
    return np.array(picture)


def _break_lines(text: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a text into the fewest lines of at most ``width`` pixels."""
    lines = ['']
    for characters in range(len(text), 0, -1):
        lines = textwrap.wrap(text, characters) or ['']
        if max(map(font.getlength, lines)) <= width:
            break
    return lines


def stack(rows: Sequence[Sequence[np.ndarray]], gap: int = GAP) -> np.ndarray:
    """Put pictures, (H, W, 3), uint8, into rows and columns of one picture, on white.

    Each column is as wide as its widest picture and each row as high as its highest;
    smaller ones are placed at the top left, with ``gap`` pixels between two.
    """
    columns = zip_longest(*rows, fillvalue=np.empty((0, 0, 3)))
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    widths = [max(picture.shape[1] for picture in column) for column in columns]
    tops = np.cumsum([0, *(height + gap for height in heights)])
    lefts = np.cumsum([0, *(width + gap for width in widths)])
    page = np.full((tops[-1] - gap, lefts[-1] - gap, 3), 255, np.uint8)
    for top, row in zip(tops, rows):
        for left, picture in zip(lefts, row):
            height, width = picture.shape[:2]
            page[top : top + height, left : left + width] = picture
    return page
