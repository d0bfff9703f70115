"""Write boxes in the format of COCO."""

from itertools import chain
from pathlib import Path
from typing import Any, Optional

import mmengine
import numpy as np

from ..boxes import Box, image_box
from ..engine import WHOLE_FILES
from ..registry import METRICS
from .base import LocalizationMetric
from .box_rules import build_box_rule
from .interchange import check_unique, relative_path


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

    def find_box(self, cam: np.ndarray, size: tuple[int, int]) -> Box:
        """Find the box of a map (h, w) in an image of (width, height) pixels."""
        return self.box_rule(cam, size)

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
            bbox=to_xywh(self.find_box(cam, (width, height))),
            score=sample['pred_score'][label].item(),
        )
        truth = [
            dict(
                image_id=image['id'],
                category_id=sample['gt_label'].item(),
                bbox=to_xywh(box),
            )
            for box in sample.get('loc_boxes', ())
        ]
        return dict(image=image, result=result, truth=truth)

    def summarize(self, records: list[dict]) -> dict[str, float]:
        """Write both files and count the boxes."""
        results = [record['result'] for record in records]
        truth = [record['truth'] for record in records]
        self.write_coco(self.out_file.with_suffix('.gt.json'), records, truth)
        mmengine.dump(results, self.out_file, backend_args=WHOLE_FILES)
        return dict(num_boxes=len(results))

    def write_coco(
        self, path: Path, records: list[dict], boxes: list[list[dict]]
    ) -> None:
        """Write a data set of COCO.

        Args:
            path: File to write.
            records: What :meth:`record` returned for each image.
            boxes: Annotations of each image, without ``id``, ``area`` and ``iscrowd``.

        Raises:
            ValueError: If two images have the same id.
        """
        images = [record['image'] for record in records]
        check_unique((image['id'] for image in images), 'sample_idx')
        # COCO's own evaluation takes an id of 0 for no annotation.
        annotations = [
            dict(box, id=number, area=box['bbox'][2] * box['bbox'][3], iscrowd=0)
            for number, box in enumerate(chain.from_iterable(boxes), start=1)
        ]
        names = (self.dataset_meta or {}).get('classes')
        if names is None:
            found = [record['result'] for record in records] + annotations
            names = range(1 + max(box['category_id'] for box in found))
        categories = [
            dict(id=label, name=str(name)) for label, name in enumerate(names)
        ]
        mmengine.dump(
            dict(
                info={}, images=images, categories=categories, annotations=annotations
            ),
            path,
            backend_args=WHOLE_FILES,
        )


@METRICS.register_module()
class DumpPseudoBoxes(DumpBoxes):
    """Write one box an image as a training set of COCO, where no box was drawn.

    An image's annotation is the box of its true class, with the ``score`` that the
    model gives this class. Ground-truth boxes are not looked at. Ids and boxes are
    those of :class:`DumpBoxes`, cut off at the border of the image. Reported is the
    number of boxes, ``num_boxes``.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        out_file: File to write, which must end in ``.json``.
        root: Folder of the images, which the names in the file are below.
        **kwargs: ``box_rule``, ``threshold``, ``prefix`` and ``collect_device`` of
            :class:`DumpBoxes`.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    def __init__(self, cam: str, out_file: str, root: str, **kwargs) -> None:
        super().__init__(cam, out_file, root, target='true', **kwargs)

    def find_box(self, cam: np.ndarray, size: tuple[int, int]) -> Box:
        """Find the box of a map (h, w) inside of an image of (width, height) pixels."""
        # A rule may round its box to the pixel behind the last one.
        *_, right, bottom = image_box(size)
        box = super().find_box(cam, size)
        return tuple(np.clip(box, 0, [right, bottom, right, bottom]).tolist())

    def summarize(self, records: list[dict]) -> dict[str, float]:
        """Write the file and count the boxes."""
        self.write_coco(self.out_file, records, [[r['result']] for r in records])
        return dict(num_boxes=len(records))


def to_xywh(box: Box) -> list[float]:
    """Turn a box x0, y0, x1, y1 into x, y, width, height, all in pixels."""
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
