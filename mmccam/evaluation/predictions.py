"""Score maps and boxes that another program has written."""

import json
from operator import index
from pathlib import Path
from reprlib import repr as shorten
from typing import NamedTuple, Optional, Union

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger

from ..boxes import Box, box_iou
from ..datasets.files import image_size
from .base import true_boxes
from .interchange import check_side, map_path, map_shape


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


class Detection(NamedTuple):
    """A box that another program has found."""

    score: float
    label: int
    box: Box


def evaluate_boxes(
    dataset: BaseDataset, path: Union[str, Path], iou: float = 0.5
) -> dict[str, float]:
    """Score results of COCO, of each image the detection with the highest score.

    Of equal scores the first in the file counts. An image without detection is wrong.

    Args:
        dataset: Data set with boxes. Its pipeline is not used. An image's id is its
            place in it, from 0, a category's id is the label.
        path: File of the results.
        iou: Overlap at which a box is right.

    Returns:
        ``top1_loc``, class and box are right, and ``box_acc``, the box alone, in
        percent.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is wrong or an image has no ground-truth box.
    """
    classes = dataset.metainfo['classes']
    best = read_detections(path, len(dataset), len(classes))
    if len(best) < len(dataset):
        MMLogger.get_current_instance().warning(
            f'{len(dataset) - len(best)} of {len(dataset)} images have no detection '
            f'in {path}: they count as wrong'
        )
    beyond, (hits, right) = 0, np.zeros((2, len(dataset)), bool)
    for number, detection in best.items():
        sample = _true_sample(dataset.get_data_info(number))
        height, width = sample['ori_shape']
        beyond += detection.box[2] >= width or detection.box[3] >= height
        hits[number] = box_iou([detection.box], true_boxes(sample)).max() >= iou
        right[number] = detection.label == sample['gt_label']
    if beyond:
        MMLogger.get_current_instance().warning(
            f'{beyond} of {len(best)} boxes in {path} reach beyond their image: a bbox '
            'is [x, y, width, height] in pixels of the original image'
        )
    return dict(
        top1_loc=100 * float(np.mean(hits & right)), box_acc=100 * float(np.mean(hits))
    )


def read_detections(
    path: Union[str, Path], num_images: int, num_classes: int
) -> dict[int, Detection]:
    """Read the detection with the highest score of each image from results of COCO.

    Args:
        path: File, a list of ``image_id``, ``category_id``, ``bbox`` and ``score``.
        num_images: Number of images; their ids count from 0.
        num_classes: Number of classes; their ids count from 0.

    Returns:
        A detection for each id of an image that has one.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is wrong, with the number of the detection, from 0.
    """
    try:
        results = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is no readable JSON: {error}') from None
    if not isinstance(results, list) or not results:
        raise ValueError(
            f'{path} must be a list of detections, as results of COCO are, '
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
    try:
        image_id, label = index(result['image_id']), index(result['category_id'])
        score = float(result['score'])
        x, y, width, height = map(float, result['bbox'])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f'{where} must have whole numbers image_id and category_id, a score and a '
            f'bbox [x, y, width, height], got {shorten(result)}'
        ) from None
    if not np.isfinite([score, x, y, width, height]).all():
        raise ValueError(
            f'{where}: score and bbox must be finite, got {score} and {result["bbox"]}'
        )
    if width <= 0 or height <= 0:
        raise ValueError(
            f'{where}: width and height of the bbox must lie above 0, '
            f'got {result["bbox"]}'
        )
    # A width counts the pixels, the last of which lies inside the box.
    box = (x, y, x + width - 1, y + height - 1)
    return image_id, Detection(score, label, box)


def _true_sample(info: dict) -> dict:
    """Add the image's ``ori_shape`` (H, W) to its information, from the file's head."""
    width, height = image_size(info['img_path'])
    return dict(info, ori_shape=(height, width))
