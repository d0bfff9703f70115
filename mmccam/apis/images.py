"""Find images, and read them in batches, ahead of the network."""

import glob
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Optional, Union

import cv2
import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from ..datasets.transforms import LoadImage

Image = Union[str, np.ndarray]
Images = Union[str, Path, np.ndarray, Iterable[Union[str, Path, np.ndarray]]]
# What is known of an image (`img_path`, perhaps an `error`); its pixels, (H, W, 3),
# uint8, BGR, and the input of the network unless there is an error.
Loaded = tuple[dict, Optional[np.ndarray], Optional[dict]]
# Batches of images that are in memory: one in the network, one that is read meanwhile.
BATCHES_AT_ONCE = 2


def list_images(inputs: Images) -> Iterable[Image]:
    """Find all images of a path, a folder, a pattern, an array or several of these.

    Folders are searched with their subfolders for files with the suffix of an image, in
    the order of their names. An iterator, such as a generator, is read only as far as
    its images are asked for.

    Args:
        inputs: Images as arrays (H, W, 3), uint8, BGR, or gray (H, W); paths of files
            or folders; patterns such as ``images/*.jpg``; addresses with ``://``.

    Returns:
        Arrays and paths: a list unless the input is an iterator.

    Raises:
        FileNotFoundError: If there is no such file or folder, or none of the pattern.
        ValueError: If a folder has no image, or an array does not hold one.
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
    if not glob.has_magic(path):
        raise FileNotFoundError(f'there is no image or folder {path}')
    files = list(filter(os.path.isfile, sorted(glob.glob(path, recursive=True))))
    if not files:
        raise FileNotFoundError(f'there is no file of the pattern {path}')
    return files


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


def read_batches(
    images: Iterable[Image],
    batch_size: int,
    pipeline: Callable[[dict], dict],
    skip_unreadable: bool,
) -> Iterator[list[Loaded]]:
    """Read batches of images in threads, one ahead of the one that is asked for.

    Args:
        images: Paths and arrays.
        batch_size: How many images a batch has; the last may have fewer.
        pipeline: Transforms of a sample with ``img``, (H, W, 3), uint8, BGR.
        skip_unreadable: Whether an unreadable image is not an error but is passed on.
    """
    images = iter(images)
    pending: deque[list[Future]] = deque()
    with ThreadPoolExecutor() as pool:
        while True:
            batch = [
                pool.submit(_load, image, pipeline, skip_unreadable)
                for image in islice(images, batch_size)
            ]
            if batch:
                pending.append(batch)
            if not pending:
                return
            if not batch or len(pending) == BATCHES_AT_ONCE:
                yield [future.result() for future in pending.popleft()]


def _load(
    image: Image, pipeline: Callable[[dict], dict], skip_unreadable: bool
) -> Loaded:
    info = source = dict(img_path=image if isinstance(image, str) else None)
    if not isinstance(image, str):
        is_gray = image.ndim == 2
        bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if is_gray else image
        source = dict(info, img=bgr)
    try:
        sample = LoadImage()(source)
    except ValueError as error:
        if not skip_unreadable:
            raise
        return dict(info, error=str(error)), None, None
    return info, sample['img'], pipeline(sample)
