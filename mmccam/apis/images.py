"""Find images, and read them in batches, ahead of the network."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from ..datasets.transforms import LoadImage

Pipeline = Callable[[dict], dict]
EXTENSIONS = (*IMG_EXTENSIONS, '.gif')
Image = Union[str, np.ndarray]
Images = Union[str, Path, np.ndarray, Iterable[Union[str, Path, np.ndarray]]]
# What is known of an image (`img_path`, perhaps an `error`); its pixels, (H, W, 3),
# uint8, BGR, and the input of the network unless there is an error.
Loaded = tuple[dict, Optional[np.ndarray], Optional[dict]]


def list_images(inputs: Images) -> Iterable[Image]:
    """Find all images: a list, unless the input is an iterator, which is read later.

    Folders are searched with their subfolders, in the order of names.
    """
    if isinstance(inputs, (str, Path, np.ndarray)):
        inputs = [inputs]
    if not isinstance(inputs, Iterable):
        raise TypeError(f'images must be paths, arrays or several, got {inputs!r}')
    found = (image for one in inputs for image in _expand(one))
    return list(found) if isinstance(inputs, (list, tuple)) else found


def _expand(one: Union[str, Path, np.ndarray]) -> Iterable[Image]:
    if isinstance(one, np.ndarray):
        is_image = one.ndim == 2 or (one.ndim == 3 and one.shape[2] == 3)
        if not is_image or one.dtype != np.uint8 or one.size == 0:
            raise ValueError(
                'an image must be an array (H, W, 3) in BGR or (H, W), uint8, got the '
                f'shape {one.shape} and {one.dtype}'
            )
        return [one]
    if not isinstance(one, (str, Path)):
        raise TypeError(f'an image must be a path or an array, got {one!r}')
    path = str(one)
    if '://' in path or os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        return _walk(path)
    if not glob.has_magic(path):
        raise FileNotFoundError(f'there is no image or folder {path}')
    files = list(filter(os.path.isfile, sorted(glob.glob(path, recursive=True))))
    if not files:
        raise FileNotFoundError(f'there is no file of the pattern {path}')
    return files


def _walk(folder: str) -> Iterator[str]:
    is_empty, seen = True, set()
    errors: list[OSError] = []
    walk = os.walk(folder, onerror=errors.append, followlinks=True)
    for root, folders, files in walk:
        real = os.path.realpath(root)
        if real in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(EXTENSIONS):
                is_empty = False
                yield os.path.join(root, name)
    for error in errors:  # which the reading says, or counts, as of an image
        is_empty = False
        yield error.filename
    if is_empty:
        raise ValueError(
            f'the folder {folder} has no image, a file that ends in '
            f'{", ".join(EXTENSIONS)}'
        )


def read_batches(
    images: Iterable[Image], batch_size: int, pipeline: Pipeline, skip_unreadable: bool
) -> Iterator[list[Loaded]]:
    """Read batches of images in threads, one ahead of the one that is asked for.

    The pipeline transforms samples with ``img``, (H, W, 3), uint8, BGR.
    """
    images, batch = iter(images), None
    with ThreadPoolExecutor() as pool:
        while batch != []:
            ahead = [
                pool.submit(_load, image, pipeline, skip_unreadable)
                for image in islice(images, batch_size)
            ]
            if batch:
                yield [future.result() for future in batch]
            batch = ahead


def _load(image: Image, pipeline: Pipeline, skip_unreadable: bool) -> Loaded:
    is_array = isinstance(image, np.ndarray)
    info = dict(img_path=None if is_array else image)
    if is_array and image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    try:
        sample = LoadImage()(dict(info, img=image) if is_array else info)
    except ValueError as error:
        if not skip_unreadable:
            raise
        return dict(info, error=str(error)), None, None
    return info, sample['img'], pipeline(sample)
