"""What images a user names: files, folders, patterns, arrays."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Union

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

Image = Union[str, np.ndarray]
Images = Union[str, Path, np.ndarray, Iterable[Union[str, Path, np.ndarray]]]


def list_images(inputs: Images) -> Iterable[Image]:
    """Find all images of a path, a folder, a pattern, an array or several of these.

    Folders are searched with their subfolders for files with the suffix of an image, in
    the order of their names. What is neither a list nor a tuple, such as a generator,
    is gone through as it is asked for.

    Args:
        inputs: Images as arrays (H, W, 3), uint8, BGR, or gray (H, W); paths of files
            or folders; patterns such as ``images/*.jpg``; addresses with ``://``.

    Returns:
        Arrays and paths; a list unless the input is an iterator.

    Raises:
        FileNotFoundError: If there is no such file or folder, or none of the pattern.
        ValueError: If a folder has no image, or an array is none.
        TypeError: If an input is none of these.
    """
    if isinstance(inputs, (str, Path, np.ndarray)):
        inputs = [inputs]
    if not isinstance(inputs, Iterable):
        raise TypeError(
            f'images must be paths, arrays or several of them, got {inputs!r}'
        )
    found = (image for one in inputs for image in _expand(one))
    return list(found) if isinstance(inputs, (list, tuple)) else found


def _expand(one: Union[str, Path, np.ndarray]) -> Iterable[Image]:
    if isinstance(one, np.ndarray):
        return [_check_array(one)]
    if not isinstance(one, (str, Path)):
        raise TypeError(f'an image must be a path or an array, got {one!r}')
    path = str(one)
    if '://' in path or os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        return _walk(path)
    if glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        files = [match for match in matches if os.path.isfile(match)]
        if files:
            return files
        raise FileNotFoundError(f'there is no file of the pattern {path}')
    raise FileNotFoundError(f'there is no image or folder {path}')


def _walk(folder: str) -> Iterator[str]:
    is_empty, seen = True, set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(IMG_EXTENSIONS):
                is_empty = False
                yield os.path.join(root, name)
    if is_empty:
        raise ValueError(
            f'the folder {folder} has no image, a file that ends in '
            f'{", ".join(IMG_EXTENSIONS)}'
        )


def _check_array(image: np.ndarray) -> np.ndarray:
    is_image = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if not is_image or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            'an image must be an array (H, W, 3) in BGR or (H, W), uint8, got the '
            f'shape {image.shape} and {image.dtype}'
        )
    return image
