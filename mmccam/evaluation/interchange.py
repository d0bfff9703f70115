"""Write maps in the layout that other programs read."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Optional, Union

import numpy as np

from ..registry import METRICS
from .base import LocalizationMetric
from .score_map import stretch


@METRICS.register_module()
class DumpMaps(LocalizationMetric):
    """Write the map of each image's true class to a file.

    The layout is that of Choe et al. (CVPR 2020): the map of an image that is
    ``test/fish/0001.jpg`` below ``root`` becomes ``test/fish/0001.jpg.npy`` below
    ``out_dir``, float64, resized by cubic interpolation and stretched to 0 ... 1; zeros
    where it is constant or not finite. Files that are there are overwritten. Reported
    is the number of maps, ``num_maps``.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        out_dir: Folder to write, one for each map.
        root: Folder of the images.
        side: Side of square maps in pixels, such as the 224 that Choe et al. compute
            with. Defaults to None: each map has the size of its image.
        **kwargs: ``prefix`` and ``collect_device`` of
            :class:`~mmccam.evaluation.base.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range.
    """

    def __init__(
        self,
        cam: str,
        out_dir: str,
        root: str,
        side: Optional[int] = None,
        **kwargs,
    ) -> None:
        super().__init__(cam, **kwargs)
        check_side(side)
        self.out_dir = out_dir
        self.root = root
        self.side = side

    def record(self, sample: dict, cam: np.ndarray) -> str:
        """Write the map of an image and return where.

        Args:
            sample: Prediction, with ``img_path`` and ``ori_shape``.
            cam: Map of the true class, (h, w).

        Raises:
            ValueError: If the image does not lie below the root.
        """
        path = map_path(self.out_dir, sample, self.root)
        height, width = map_shape(sample, self.side)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, stretch(cam, (width, height)))
        return str(path)

    def summarize(self, records: list[str]) -> dict[str, float]:
        """Count the maps, no two of which may have the same file."""
        check_unique(records, 'map')
        return dict(num_maps=len(records))


def relative_path(sample: dict, root: str) -> str:
    """The path of an image below the folder of the images, with slashes.

    Args:
        sample: Information on the image, with ``img_path``.
        root: Folder of the images.

    Raises:
        ValueError: If the image has no file or does not lie below the folder.
    """
    if 'img_path' not in sample:
        raise ValueError(
            'images of a data set must have files to be told apart by, '
            'these have no img_path'
        )
    path = Path(os.path.abspath(sample['img_path']))
    folder = Path(os.path.abspath(root))
    if folder not in path.parents:
        raise ValueError(
            f'images must lie below the folder {folder}, which root names, got {path}'
        )
    return path.relative_to(folder).as_posix()


def map_path(folder: Union[str, Path], sample: dict, root: str) -> Path:
    """Where the map of an image stands below a folder of maps.

    Args:
        folder: Folder of the maps.
        sample: Information on the image, with ``img_path``.
        root: Folder of the images.

    Raises:
        ValueError: If the image has no file or does not lie below its folder.
    """
    return Path(folder, f'{relative_path(sample, root)}.npy')


def map_shape(sample: dict, side: Optional[int]) -> tuple[int, int]:
    """The shape (H, W) of an image's map in a file.

    Args:
        sample: Information on the image, with ``ori_shape``.
        side: Side of square maps in pixels, or None for the size of the image.
    """
    return (side, side) if side else tuple(sample['ori_shape'])


def check_side(side: Optional[int]) -> None:
    """Check that maps can have a side, in pixels.

    Raises:
        ValueError: If it is below 1.
    """
    if side is not None and side < 1:
        raise ValueError(f'side must be at least 1 pixel, got {side}')


def check_unique(values: Iterable, what: str) -> None:
    """Check that no two images have the same value.

    Args:
        values: One of each image, at least one.
        what: What they are, for the message.

    Raises:
        ValueError: If two are equal.
    """
    ((value, count),) = Counter(values).most_common(1)
    if count > 1:
        raise ValueError(
            f'each image of the data set must have its own {what}, {count} have {value}'
        )
