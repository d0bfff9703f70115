"""Write maps and boxes in the formats that other programs read."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Optional, Union

import mmengine
import numpy as np

from ..boxes import Box
from ..registry import METRICS
from .base import LocalizationMetric
from .box_rules import build_box_rule
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
        _check_unique(records, 'map')
        return dict(num_maps=len(records))


@METRICS.register_module()
class DumpBoxes(LocalizationMetric):
    """Write one box an image as results of COCO, and the ground truth beside them.

    ``out_file`` is the list that ``COCO.loadRes`` reads, ``<its stem>.gt.json`` the
    ground truth to load it into. An image's id is its place in the data set, from 0, a
    category's id is the label. A box is x, y, width, height, where a width counts the
    pixels from the first to the last. Reported is the number of boxes, ``num_boxes``.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        out_file: File to write, which must end in ``.json``.
        root: Folder of the images, which the names in the ground truth are below.
        target: ``top1``, the box and score of the most probable class, or ``true``,
            those of the true class, its box known as GT-known. Defaults to ``top1``.
        box_rule: Name of the box rule. Defaults to ``cam``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        **kwargs: ``prefix`` and ``collect_device`` of
            :class:`~mmccam.evaluation.base.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    def __init__(
        self,
        cam: str,
        out_file: str,
        root: str,
        target: str = 'top1',
        box_rule: str = 'cam',
        threshold: Optional[float] = None,
        **kwargs,
    ) -> None:
        super().__init__(cam, **kwargs)
        if Path(out_file).suffix != '.json':
            raise ValueError(f'out_file must end in .json, got {out_file}')
        if target not in ('top1', 'true'):
            raise ValueError(f'target must be "top1" or "true", got "{target}"')
        self.out_file = Path(out_file)
        self.root = root
        self.target = target
        self.box_rule = build_box_rule(box_rule, threshold)

    def target_class(self, sample: dict) -> int:
        """The class whose box is written."""
        if self.target == 'top1':
            return sample['cam_labels'][0].item()
        return super().target_class(sample)

    def record(self, sample: dict, cam: np.ndarray) -> dict[str, Any]:
        """Return what stands in the files about an image.

        Args:
            sample: Prediction, with ``sample_idx``, ``img_path``, ``ori_shape``,
                ``pred_score``, ``gt_label`` and, if there are any, ``loc_boxes``.
            cam: Map of the target class, (h, w).

        Raises:
            ValueError: If the image does not lie below the root.
        """
        height, width = sample['ori_shape']
        label = self.target_class(sample)
        image = dict(
            id=sample['sample_idx'],
            file_name=relative_path(sample, self.root),
            width=width,
            height=height,
        )
        result = dict(
            image_id=image['id'],
            category_id=label,
            bbox=to_xywh(self.box_rule(cam, (width, height))),
            score=sample['pred_score'][label].item(),
        )
        truth = [
            dict(
                image_id=image['id'],
                category_id=sample['gt_label'].item(),
                bbox=[x, y, w, h],
                area=w * h,
                iscrowd=0,
            )
            for x, y, w, h in map(to_xywh, sample.get('loc_boxes', ()))
        ]
        return dict(image=image, result=result, truth=truth)

    def summarize(self, records: list[dict]) -> dict[str, float]:
        """Write both files and count the boxes."""
        images = [record['image'] for record in records]
        _check_unique((image['id'] for image in images), 'sample_idx')
        results = [record['result'] for record in records]
        # COCO's own evaluation takes an id of 0 for no annotation.
        truth = [
            dict(box, id=number)
            for number, box in enumerate(
                (box for record in records for box in record['truth']), start=1
            )
        ]
        mmengine.dump(results, self.out_file)
        names = (self.dataset_meta or {}).get('classes') or range(
            1 + max(box['category_id'] for box in results + truth)
        )
        categories = [
            dict(id=label, name=str(name)) for label, name in enumerate(names)
        ]
        mmengine.dump(
            dict(info={}, images=images, categories=categories, annotations=truth),
            self.out_file.with_suffix('.gt.json'),
        )
        return dict(num_boxes=len(results))


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


def to_xywh(box: Box) -> list[float]:
    """Turn a box x0, y0, x1, y1 into x, y, width, height, all in pixels."""
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0 + 1, y1 - y0 + 1]


def _check_unique(values: Iterable, what: str) -> None:
    ((value, count),) = Counter(values).most_common(1)
    if count > 1:
        raise ValueError(
            f'each image of the data set must have its own {what}, {count} have {value}'
        )
