"""Find images, and read them in batches, ahead of the network."""

import glob
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Optional, Union

import cv2
import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from ..datasets.transforms import LoadImage

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


# Batches of images that are in memory: one in the network, one that is read meanwhile.
BATCHES_AT_ONCE = 2


@dataclass
class Loaded:
    """An image on its way to the network.

    Args:
        info: ``img_path``, and ``error`` if it cannot be read.
        bgr: Its pixels, (H, W, 3), uint8, BGR; None if it cannot be read.
        packed: What the network takes; None if it cannot be read.
    """

    info: dict[str, Any]
    bgr: Optional[np.ndarray] = None
    packed: Optional[dict] = None


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
        skip_unreadable: Whether an image that cannot be read is passed on as such.

    Raises:
        ValueError: If an image cannot be read.
    """
    images = iter(images)
    pending: deque[list[Future]] = deque()
    with ThreadPoolExecutor() as pool:
        while True:
            batch = list(islice(images, batch_size))
            if batch:
                load = partial(pool.submit, _load, pipeline, skip_unreadable)
                pending.append([load(image) for image in batch])
            if not pending:
                return
            if not batch or len(pending) == BATCHES_AT_ONCE:
                yield [future.result() for future in pending.popleft()]


def _load(
    pipeline: Callable[[dict], dict], skip_unreadable: bool, image: Image
) -> Loaded:
    if isinstance(image, str):
        info = dict(img_path=image)
    else:
        gray = image.ndim == 2
        bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if gray else image
        info = dict(img_path=None, img=bgr)
    try:
        sample = LoadImage()(info)
    except ValueError as error:
        if not skip_unreadable:
            raise
        return Loaded(dict(info, error=str(error)))
    info.pop('img', None)
    return Loaded(info, sample['img'], pipeline(sample))
