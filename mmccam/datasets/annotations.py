"""Boxes as the files of data sets have them: corners x0, y0, x1, y1 in pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Union
from xml.etree import ElementTree

import numpy as np

from .files import image_size

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


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


def clip_to_image(
    box: np.ndarray, path: str, where: str, test_mode: bool
) -> np.ndarray:
    """Clip a box to the pixels of an image, whose head is read for that.

    Args:
        box: First and last column and row, from 0, (4,).
        path: The image.
        where: Where the box stands, for messages.
        test_mode: Whether an image that cannot be read is an error here. In training,
            the pipeline decides on it, and the box stays as it is.

    Returns:
        Box that ends at the last pixel, (1, 4), float32.

    Raises:
        ValueError: If the box is reversed or outside, or the image cannot be read.
    """
    try:
        size = image_size(path)
    except ValueError:
        if test_mode:
            raise
        size = (np.inf, np.inf)
    return clip_boxes(box, size, where)


def is_inside(box: Sequence[float], image_size: tuple[float, float]) -> bool:
    """Whether a box lies in its image.

    Some published boxes end behind the last pixel, at the width or height itself.

    Args:
        box: Corners x0, y0, x1, y1 in pixels, from 0.
        image_size: Width and height of the image in pixels.
    """
    x0, y0, x1, y1 = box
    return x0 >= 0 and y0 >= 0 and x1 <= image_size[0] and y1 <= image_size[1]


def read_xml(path: Union[str, Path]) -> tuple[list[str], np.ndarray]:
    """Read an annotation in the XML of Pascal VOC with ImageNet's corners, from 0.

    Args:
        path: File.

    Returns:
        Name of each object and their boxes, (n, 4), float32, clipped to the image.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no such file, names no object or has a wrong box.
    """
    try:
        root = ElementTree.parse(path).getroot()
        size = int(root.findtext('size/width')), int(root.findtext('size/height'))
        objects = root.findall('object')
        names = [item.findtext('name').strip() for item in objects]
        boxes = [
            [float(item.findtext(f'bndbox/{corner}')) for corner in CORNERS]
            for item in objects
        ]
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} must be XML with the size of the image and a name and a bndbox '
            f'for each object, got {error!r}'
        ) from error
    if not names:
        raise ValueError(f'{path} names no object')
    return names, clip_boxes(boxes, size, str(path))
