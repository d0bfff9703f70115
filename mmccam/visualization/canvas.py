"""Text and pictures beside and below each other, on white for pages of any colour."""

import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Optional

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 8  # pixels between pictures
FONT_SIZE = 16  # pixels
LINE = 22  # pixels from one line of text to the next
MARGIN = 3  # pixels around a text


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    # Comes with matplotlib, so that pictures are the same everywhere; has no Chinese.
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    path = Path(matplotlib.get_data_path(), 'fonts/ttf', name)
    return ImageFont.truetype(str(path), FONT_SIZE)


def write_text(
    text: str, width: Optional[int] = None, bold: bool = False
) -> np.ndarray:
    """Write a text in black on white.

    Args:
        text: The text, of any characters.
        width: Width of the picture in pixels, at which lines are broken. Defaults to
            that of the text in one line.
        bold: Whether it is a heading.

    Returns:
        Picture, (22 lines + 6, width, 3), uint8.
    """
    font = _font(bold)
    if width is None:
        width = round(font.getlength(text)) + 2 * MARGIN + 1
    lines = _break_lines(text, width - 2 * MARGIN, font)
    size = (width, LINE * len(lines) + 2 * MARGIN)
    picture = Image.new('RGB', size, 'white')
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + LINE * index), line, 'black', font)
    return np.array(picture)


def _break_lines(text: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a text into the fewest lines of so many pixels."""
    lines = ['']
    for characters in range(len(text), 0, -1):
        lines = textwrap.wrap(text, characters) or ['']
        if max(map(font.getlength, lines)) <= width:
            break
    return lines


def stack(rows: Sequence[Sequence[np.ndarray]], gap: int = GAP) -> np.ndarray:
    """Put pictures into rows and columns, on white.

    Args:
        rows: Pictures (H, W, 3) of each row, from left to right. Each column is as wide
            as its widest picture and each row as high as its highest; smaller ones
            stand at the top left.
        gap: Pixels between two pictures.

    Returns:
        Picture, (H', W', 3), uint8.
    """
    columns = max(len(row) for row in rows)
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    widths = [
        max(row[column].shape[1] for row in rows if column < len(row))
        for column in range(columns)
    ]
    tops = np.cumsum([0, *(height + gap for height in heights)])
    lefts = np.cumsum([0, *(width + gap for width in widths)])
    page = np.full((tops[-1] - gap, lefts[-1] - gap, 3), 255, np.uint8)
    for top, row in zip(tops, rows):
        for left, picture in zip(lefts, row):
            height, width = picture.shape[:2]
            page[top : top + height, left : left + width] = picture
    return page
