"""Maps in files, as other programs write and read them."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator

from ..datasets.files import image_size
from ..maps import stretch
from ..registry import METRICS
from .metric import LocalizationMetric


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
            :class:`~mmccam.evaluation.metric.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range.
    """

    def __init__(
        self,
        *args,
        out_dir: str,
        root: str,
        side: Optional[int] = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
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


def evaluate_maps(
    dataset: BaseDataset,
    folder: Union[str, Path],
    root: Optional[str] = None,
    side: Optional[int] = None,
    box_rule: Optional[str] = None,
    threshold: Optional[float] = None,
    scaled_masks: bool = False,
) -> dict[str, float]:
    """Score a folder of maps, one of each image's true class.

    The folder has the layout that ``DumpMaps`` writes. One map is read after the other.

    Args:
        dataset: Data set with boxes or masks. Its pipeline is not used.
        folder: Folder of the maps; those of other images are passed over.
        root: Folder of the images, below which the maps have their paths. Defaults to
            that of the data set.
        side: Side of the maps in pixels, if they are squares and have not the size of
            their image.
        box_rule: Name of the box rule. Defaults to ``cam``; none where there are masks.
        threshold: Threshold of the rule. Defaults to the rule's own.
        scaled_masks: Whether masks may be larger or smaller than their image.

    Returns:
        ``px_ap`` where the images have masks; else ``gt_known_loc``, ``threshold`` and
        the values of ``MaxBoxAcc``.

    Raises:
        FileNotFoundError: If an image has no map.
        ValueError: If an argument or a map is wrong, with its file.
    """
    check_side(side)
    root = dataset.data_prefix['img_path'] if root is None else root
    infos = [dataset.get_data_info(number) for number in range(len(dataset))]
    if infos[0].get('loc_masks'):
        if box_rule or threshold is not None:
            raise ValueError(
                'box rule and threshold can only be given for a data set with boxes, '
                'this one has masks'
            )
        metrics = [dict(type='mmccam.PxAP', scaled_masks=scaled_masks)]
    else:
        rule = dict(box_rule=box_rule or 'cam', threshold=threshold)
        metrics = [
            dict(type='mmccam.CCAMLocalizationMetric', **rule),
            dict(type='mmccam.MaxBoxAcc'),
        ]
    evaluator = Evaluator([dict(metric, cam='map') for metric in metrics])
    paths = [map_path(folder, info, root) for info in infos]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(paths)} images have no map, the first is missing '
            f'at {missing[0]}; name the folder of one map, and --root if paths differ'
        )
    for info, path in zip(infos, paths):
        sample = _true_sample(info)
        cam = torch.from_numpy(read_map(path, map_shape(sample, side)))
        labels = torch.tensor([sample['gt_label']])
        sample.update(gt_label=labels, cam_labels=labels, cams=dict(map=cam[None]))
        evaluator.process([sample])
    values = evaluator.evaluate(len(paths))
    return {name.split('/')[1]: value for name, value in values.items()}


def read_map(path: Union[str, Path], shape: tuple[int, int]) -> np.ndarray:
    """Read a map from a ``.npy`` file.

    Args:
        path: File, with floating-point numbers of any precision.
        shape: Shape (H, W) that the map must have.

    Returns:
        Map, (H, W), float64.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no map of that shape with values from 0 to 1.
    """
    with open(path, 'rb') as file:
        try:
            cam = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise ValueError(f'{path} is no readable .npy array: {error}') from None
    if not np.issubdtype(cam.dtype, np.floating):
        raise ValueError(
            f'{path} must have floating-point numbers, such as float64, got {cam.dtype}'
        )
    if cam.shape != shape:
        raise ValueError(
            f'{path} must have the shape (height, width) = {shape}, got {cam.shape}'
        )
    if not ((cam >= 0) & (cam <= 1)).all():
        raise ValueError(
            f'{path} must have values from 0 to 1, got some from {cam.min()} '
            f'to {cam.max()}'
        )
    return np.ascontiguousarray(cam, np.float64)


def _true_sample(info: dict) -> dict:
    """Add the image's ``ori_shape`` (H, W) to its information, from the file's head."""
    width, height = image_size(info['img_path'])
    return dict(info, ori_shape=(height, width))
