"""Annotations in the XML of Pascal VOC, as ILSVRC and Stanford Dogs have them."""

from pathlib import Path
from typing import Union
from xml.etree import ElementTree

import numpy as np

from ..boxes import clip_boxes

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def read_xml(path: Union[str, Path]) -> tuple[list[str], np.ndarray]:
    """Read an annotation, whose corners count from 0 as ImageNet's do.

    Returns:
        Name of each object and their boxes, (n, 4), float32, clipped to the image.
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
