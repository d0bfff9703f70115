"""Find images and the frames of videos, and read them ahead of the network."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import cv2
import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from ..pixels import read_rgb

File = Union[str, os.PathLike]
EXTENSIONS = (*IMG_EXTENSIONS, '.gif')
VIDEOS = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm')


class Frame(NamedTuple):
    """A frame of a video."""

    name: str  #: path of the video, ``#``, and the number of the frame from 0
    pixels: np.ndarray  #: (H, W, 3), uint8, BGR


Image = Union[str, np.ndarray, Frame]
Images = Union[str, Path, np.ndarray, Iterable[Union[str, Path, np.ndarray]]]
# What is known of an image (`img_path`, `index`, perhaps an `error`); its pixels,
# (H, W, 3), uint8, BGR, and the input of the network unless there is an error.
Loaded = tuple[dict, Optional[np.ndarray], Any]


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


def each_image(
    images: Iterable[Image], is_wanted: Callable[[], bool]
) -> Iterator[Optional[Image]]:
    """Replace videos by their frames; a frame that is not wanted is None.

    ``is_wanted`` is called once for each frame, in order, and tells whether its pixels
    are needed. A video that cannot be read stays what it is: reading it as an image
    says so.
    """
    for image in images:
        if not is_video(image):
            yield image
            continue
        video, number = cv2.VideoCapture(image), 0
        while video.grab():
            name = f'{image}#{number:06d}'
            yield Frame(name, video.retrieve()[1]) if is_wanted() else None
            number += 1
        if number == 0:
            yield image


def is_video(image: Image) -> bool:
    """Whether an image is the path of a video."""
    return isinstance(image, str) and image.lower().endswith(VIDEOS)


def read_batches(
    batches: Iterable[list[tuple[int, Image]]],
    prepare: Callable[[dict], Any],
    skip_unreadable: bool,
    label_of: Optional[Callable[[str], int]] = None,
) -> Iterator[list[Loaded]]:
    """Read batches of numbered images in threads, one ahead of what is asked for.

    ``prepare`` makes the input of the network of samples with ``img``, (H, W, 3),
    uint8, BGR, and, where ``label_of`` gives the class of a path, ``gt_label``.
    """

    def load(number: int, image: Image) -> Loaded:
        info = dict(img_path=path_of(image), index=number)
        sample = dict(info)
        if label_of is not None:
            sample['gt_label'] = label_of(info['img_path'])
        try:
            bgr = _pixels_of(image)
        except ValueError as error:
            if not skip_unreadable:
                raise
            return dict(info, error=str(error)), None, None
        sample.update(img=bgr, img_shape=bgr.shape[:2], ori_shape=bgr.shape[:2])
        return info, bgr, prepare(sample)

    before: list = []
    with ThreadPoolExecutor() as pool:
        for batch in batches:
            ahead = [pool.submit(load, *one) for one in batch]
            if before:
                yield [future.result() for future in before]
            before = ahead
        if before:
            yield [future.result() for future in before]


def path_of(image: Image) -> Optional[str]:
    """The path of an image, or the name of a frame; an array has none."""
    if isinstance(image, Frame):
        return image.name
    return image if isinstance(image, str) else None


def _pixels_of(image: Image) -> np.ndarray:
    """The pixels of an image, (H, W, 3), uint8, BGR."""
    if isinstance(image, str):
        # As OpenCV, viewers and the loaders of detectors show it.
        return read_rgb(image, upright=True)[..., ::-1]
    if isinstance(image, Frame):
        return image.pixels
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
