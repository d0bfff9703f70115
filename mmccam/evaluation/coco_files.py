"""Boxes in COCO's format: written, read and scored."""

from itertools import chain
from operator import index
from pathlib import Path
from reprlib import repr as shorten
from typing import Any, NamedTuple, Union

import mmengine
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger

from ..boxes import Box, box_iou, clip_box, to_xywh
from ..checkpoints.saving import WHOLE_FILES
from ..datasets.files import image_size, read_json
from ..registry import METRICS
from ..structures import path_below, true_boxes
from .metric import BoxMetric, check_unique


@METRICS.register_module()
class DumpBoxes(BoxMetric):
    """Write one box an image as COCO results, and the true boxes beside them.

    ``out_file`` is the list that ``COCO.loadRes`` reads, ``<its stem>.gt.json`` the
    data set to load it into. An image's id is its place in the data set, from 0; a
    category's id is the label. A box is x, y, width, height, where a width counts the
    pixels from the first to the last. Boxes are clipped to the image, behind which the
    rule ``released_nlccam`` may end. Reported is their number, ``num_boxes``.

    Args:
        out_file: File to write, which must end in ``.json``.
        root: Folder of the images; their names in the file are relative to it.
        target: ``top1``, the box and score of the most probable class, or ``true``,
            those of the true class, its box known as GT-known.
        **kwargs: Arguments of :class:`~mmccam.evaluation.BoxMetric`.
    """

    def __init__(
        self, *args, out_file: str, root: str, target: str = 'top1', **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        if Path(out_file).suffix != '.json':
            raise ValueError(f'out_file must end in .json, got {out_file}')
        if target not in ('top1', 'true'):
            raise ValueError(f'target must be "top1" or "true", got "{target}"')
        self.out_file = Path(out_file)
        self.root = root
        self.target = target

    def target_class(self, sample: dict) -> int:
        if self.target == 'top1':
            return sample['cam_labels'][0].item()
        return super().target_class(sample)

    def record(self, sample: dict, cam: np.ndarray) -> dict[str, Any]:
        height, width = sample['ori_shape']
        number, label = sample['sample_idx'], self.target_class(sample)
        box = clip_box(self.box_rule(cam, (width, height)), (width, height))
        name = path_below(sample, self.root)
        image = dict(id=number, file_name=name, width=width, height=height)
        result = dict(image_id=number, category_id=label, bbox=to_xywh(box))
        result['score'] = sample['pred_score'][label].item()
        of_truth = dict(image_id=number, category_id=sample['gt_label'].item())
        boxes = sample.get('loc_boxes', ())
        truth = [dict(of_truth, bbox=to_xywh(box)) for box in boxes]
        return dict(image=image, result=result, truth=truth)

    def summarize(self, records: list[dict]) -> dict[str, float]:
        truth = [record['truth'] for record in records]
        self.write_coco(self.out_file.with_suffix('.gt.json'), records, truth)
        results = [record['result'] for record in records]
        mmengine.dump(results, self.out_file, backend_args=WHOLE_FILES)
        return dict(num_boxes=len(results))

    def write_coco(self, path: Path, records: list[dict], boxes: list[list]) -> None:
        """Write a COCO data set with some boxes for the record of each image."""
        images = [record['image'] for record in records]
        check_unique((image['id'] for image in images), 'sample_idx')
        # COCO's own evaluation reads an id of 0 as "no annotation".
        annotations = [
            dict(box, id=number, area=box['bbox'][2] * box['bbox'][3], iscrowd=0)
            for number, box in enumerate(chain.from_iterable(boxes), start=1)
        ]
        names = (self.dataset_meta or {}).get('classes')
        if names is None:
            found = [record['result'] for record in records] + annotations
            names = range(1 + max(box['category_id'] for box in found))
        categories = [dict(id=i, name=str(name)) for i, name in enumerate(names)]
        parts = dict(images=images, categories=categories, annotations=annotations)
        mmengine.dump(dict(info={}, **parts), path, backend_args=WHOLE_FILES)


@METRICS.register_module()
class DumpPseudoBoxes(DumpBoxes):
    """Write one box an image as a COCO training set, where no box was drawn.

    An image's annotation is the box of its true class, with the ``score`` that the
    model gives this class. True boxes are not used. Ids, boxes, arguments and
    ``num_boxes`` are those of :class:`~mmccam.evaluation.DumpBoxes`, but there is no
    ``target``.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, target='true', **kwargs)

    def summarize(self, records: list[dict]) -> dict[str, float]:
        self.write_coco(self.out_file, records, [[r['result']] for r in records])
        return dict(num_boxes=len(records))


class Detection(NamedTuple):
    """A box that another program has found."""

    score: float
    label: int
    box: Box


def evaluate_boxes(dataset: BaseDataset, path: Union[str, Path]) -> dict[str, float]:
    """Score COCO results, with ids as ``DumpBoxes`` writes them.

    Of each image the detection with the highest score counts, of equal ones the first
    in the file. An image without detection is wrong. In percent, ``top1_loc`` has class
    and box right, ``box_acc`` the box alone.
    """
    best = _read_detections(path, len(dataset), len(dataset.metainfo['classes']))
    logger = MMLogger.get_current_instance()
    if len(best) < len(dataset):
        logger.warning(
            f'{len(dataset) - len(best)} of {len(dataset)} images have no detection '
            f'in {path}: they count as wrong'
        )
    beyond, (hits, right) = 0, np.zeros((2, len(dataset)), bool)
    for number, detection in best.items():
        sample = dataset.get_data_info(number)
        width, height = image_size(sample['img_path'])
        sample['ori_shape'] = (height, width)
        beyond += detection.box[2] >= width or detection.box[3] >= height
        hits[number] = box_iou([detection.box], true_boxes(sample)).max() >= 0.5
        right[number] = detection.label == sample['gt_label']
    if beyond:
        logger.warning(
            f'{beyond} of {len(best)} boxes in {path} reach beyond their image: a bbox '
            'is [x, y, width, height] in pixels of the original image'
        )
    top1_loc, box_acc = 100 * np.mean([hits & right, hits], axis=1)
    return dict(top1_loc=float(top1_loc), box_acc=float(box_acc))


def _read_detections(
    path: Union[str, Path], num_images: int, num_classes: int
) -> dict[int, Detection]:
    """The detection with the highest score of each image that has one, by its id."""
    results = read_json(path)
    if not isinstance(results, list) or not results:
        raise ValueError(
            f'{path} must be a list of detections, as COCO results are, '
            f'got {shorten(results)}'
        )
    best: dict[int, Detection] = {}
    for number, result in enumerate(results):
        where = f'{path}, detection {number}'
        image_id, detection = _read_detection(where, result)
        for name, value, count, things in (
            ('image_id', image_id, num_images, 'images'),
            ('category_id', detection.label, num_classes, 'classes'),
        ):
            if not 0 <= value < count:
                raise ValueError(
                    f'{where}: {name} must lie between 0 and {count - 1}, '
                    f'since the data set has {count} {things}, got {value}'
                )
        if image_id not in best or detection.score > best[image_id].score:
            best[image_id] = detection
    return best


def _read_detection(where: str, result: dict) -> tuple[int, Detection]:
    """Read the image's id and the detection from an entry of the file."""
    try:
        image_id, label = index(result['image_id']), index(result['category_id'])
        score = float(result['score'])
        x, y, width, height = map(float, result['bbox'])
    except (KeyError, OverflowError, TypeError, ValueError):
        raise ValueError(
            f'{where} must have whole numbers image_id and category_id, a score and a '
            f'bbox [x, y, width, height], got {shorten(result)}'
        ) from None
    if not np.isfinite([score, x, y, width, height]).all():
        raise ValueError(
            f'{where}: score and bbox must not be NaN or infinite, '
            f'got {score} and {result["bbox"]}'
        )
    if width <= 0 or height <= 0:
        raise ValueError(
            f'{where}: width and height of the bbox must lie above 0, '
            f'got {result["bbox"]}'
        )
    # A width counts the pixels, the last of which lies inside the box.
    box = (x, y, x + width - 1, y + height - 1)
    return image_id, Detection(score, label, box)
