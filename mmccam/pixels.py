"""Read images, in the pixels that their boxes are in."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union
from urllib.request import urlopen

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# About the mean of ImageNet, as mmcv has it for gray images with transparency.
CANVAS = (124, 117, 104)
TIMEOUT = 60  # seconds without an answer of a server


def check_regular(path: Union[str, Path]) -> None:
    """Raise an error unless there is a file, and no pipe that would be waited for."""
    if not os.path.exists(path):
        raise FileNotFoundError(f'there is no file {path}')
    if not os.path.isfile(path):
        raise ValueError(f'{path} is no regular file')


@contextmanager
def image_errors(path: str) -> Iterator[None]:
    """Raise a ValueError that names the image if the work on it raises any error."""
    try:
        if '://' not in path:
            check_regular(path)
        yield
    except Exception as error:  # Pillow raises anything at a broken file
        reason = str(error)
        if isinstance(error, UnidentifiedImageError):  # names an object in memory
            reason = 'the file is empty or of no known format'
        raise ValueError(f'cannot read the image {path}: {reason}') from error


def read_rgb(path: str, upright: bool = False) -> np.ndarray:
    """Read an image from a path or URL (see ``LoadImage``): (H, W, 3), uint8, RGB.

    Args:
        path: Path or URL.
        upright: Whether it is turned as its EXIF orientation says.
    """
    with image_errors(path), Image.open(io.BytesIO(_read_bytes(path))) as image:
        if upright:
            ImageOps.exif_transpose(image, in_place=True)
        return np.array(_to_rgb(image))


def _read_bytes(path: str) -> bytes:
    if path.startswith(('http://', 'https://')):  # mmengine would wait without an end
        with urlopen(path, timeout=TIMEOUT) as response:
            return response.read()
    if '://' in path:
        from mmengine import fileio  # which knows other addresses

        return fileio.get(path)
    return Path(path).read_bytes()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == 'F' or image.mode.startswith('I'):
        # Pillow would clip these values at 255.
        values = np.asarray(image)
        if image.mode == 'F' or values.min() < 0 or values.max() > 65535:
            raise ValueError(
                'its pixels must be whole numbers from 0 to 65535, got numbers from '
                f'{values.min()} to {values.max()}'
            )
        image = Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode in ('LA', 'PA', 'RGBA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        canvas = Image.new('RGB', image.size, CANVAS)
        canvas.paste(image, mask=image)
        return canvas
    return image if image.mode == 'RGB' else image.convert('RGB')
