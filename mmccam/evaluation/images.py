"""Images in the files of results: how one is named, what it is known by."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..datasets.files import image_size


def relative_path(sample: dict, root: str) -> str:
    """The name of an image in all results: its path from a folder, with slashes.

    Raises:
        ValueError: If the image has no file, ``img_path``.
    """
    if 'img_path' not in sample:
        raise ValueError(
            'images of a data set must have files to be identified by, '
            'these have no img_path'
        )
    return Path(os.path.relpath(sample['img_path'], root)).as_posix()


def path_below(sample: dict, root: str) -> str:
    """The same, for an image that must lie below the folder.

    Raises:
        ValueError: If it does not.
    """
    name = relative_path(sample, root)
    if name.split('/')[0] in ('.', '..'):
        raise ValueError(
            f'images must lie below the folder {os.path.abspath(root)}, which root '
            f'names, got {os.path.abspath(sample["img_path"])}'
        )
    return name


def with_size(info: dict) -> dict:
    """Add the ``ori_shape`` (H, W) of an image to its information, from its file."""
    width, height = image_size(info['img_path'])
    return dict(info, ori_shape=(height, width))


def check_unique(values: Iterable, what: str) -> None:
    """Check that no two images have the same value, of which there is at least one.

    Raises:
        ValueError: If two are equal, with ``what`` they are.
    """
    ((value, count),) = Counter(values).most_common(1)
    if count > 1:
        raise ValueError(
            f'each image of the data set must have its own {what}, {count} have {value}'
        )
