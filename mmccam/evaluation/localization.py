"""Localization accuracy: Top-1, Top-5 and with the class known."""

from collections.abc import Sequence
from typing import Optional

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..boxes import box_iou, is_degenerate
from ..cam import rank_classes
from ..registry import METRICS
from .box_rules import BoxRule, build_box_rule


@METRICS.register_module()
class CCAMLocalizationMetric(BaseMetric):
    """Localization accuracy of one map under one box rule, in percent.

    A box is right if it overlaps one of the image's ground-truth boxes by at least
    ``iou``. Reported are

    - ``top1_loc``: the most probable class is right, and so is its box;
    - ``top5_loc``: one of the five most probable classes is right, and so is its box;
    - ``gt_known_loc``: the box of the true class is right.

    A guess with the right class has the map of the true class, so that one box an image
    answers all three.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rule: Name of the box rule. Defaults to ``cam``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        iou: Overlap at which a box is right, 0 < iou <= 1. Defaults to 0.5.
        collect_device: Device to gather results on, ``cpu`` or ``gpu``.
        prefix: Prefix of the names. Defaults to the name of the map.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    def __init__(
        self,
        cam: str,
        box_rule: str = 'cam',
        threshold: Optional[float] = None,
        iou: float = 0.5,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device, prefix or cam)
        check_iou(iou)
        self.cam = cam
        self.box_rule = build_box_rule(box_rule, threshold)
        self.iou = iou

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep one small record of each image.

        Args:
            data_batch: Not used.
            data_samples: Predictions, with ``cams``, ``cam_labels``, ``pred_score``,
                ``gt_label``, ``loc_boxes`` and ``ori_shape``.

        Raises:
            ValueError: If a sample has no map of that name, or no box.
        """
        for sample in data_samples:
            cam = true_class_map(sample, self.cam)
            hit = true_class_overlap(sample, cam, self.box_rule) >= self.iou
            ranking = rank_classes(sample['pred_score'].float()).tolist()
            rank = ranking.index(sample['gt_label'].item())
            self.results.append((rank, hit, is_degenerate(cam)))

    def compute_metrics(
        self, results: list[tuple[int, bool, bool]]
    ) -> dict[str, float]:
        """Turn the records of all images into accuracies."""
        ranks, hits, degenerate = (np.array(column) for column in zip(*results))
        if degenerate.any():
            MMLogger.get_current_instance().warning(
                f'{self.prefix}: {degenerate.sum()} of {len(results)} maps are constant'
                ' or not finite; the whole image is taken as their box'
            )
        return self.calculate(ranks, hits)

    @staticmethod
    def calculate(ranks: np.ndarray, hits: np.ndarray) -> dict[str, float]:
        """Compute the accuracies.

        Args:
            ranks: Rank of the true class of each image, from 0, (N,).
            hits: Whether the box of the true class is right, (N,).

        Returns:
            ``top1_loc``, ``top5_loc`` and ``gt_known_loc`` in percent.
        """
        return dict(
            top1_loc=100 * float(np.mean((ranks < 1) & hits)),
            top5_loc=100 * float(np.mean((ranks < 5) & hits)),
            gt_known_loc=100 * float(np.mean(hits)),
        )


def check_iou(iou: float) -> None:
    """Check that an overlap can be asked for.

    Raises:
        ValueError: If not 0 < iou <= 1.
    """
    if not 0 < iou <= 1:
        raise ValueError(f'iou must lie above 0 and be at most 1, got {iou}')


def find_map(cams: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    """Find the maps of a name among those that the head made.

    Args:
        cams: Maps (T, h, w) for each name.
        name: Name of the map.

    Returns:
        Maps, (T, h, w).

    Raises:
        ValueError: If the head made no map of that name.
    """
    if name not in cams:
        raise ValueError(
            f'the head makes no map "{name}", only {sorted(cams)}: '
            'add it to the cams of the head'
        )
    return cams[name]


def true_class_map(sample: dict, name: str) -> np.ndarray:
    """The map of an image's true class.

    Args:
        sample: Prediction with ``cams``, ``cam_labels`` and ``gt_label``.
        name: Name of the map.

    Returns:
        Map, (h, w), float32.

    Raises:
        ValueError: If the head made no map of that name.
    """
    index = sample['cam_labels'].tolist().index(sample['gt_label'].item())
    return find_map(sample['cams'], name)[index].cpu().numpy()


def true_class_overlap(sample: dict, cam: np.ndarray, box_rule: BoxRule) -> float:
    """The best overlap of a map's box with one of the image's ground-truth boxes.

    Args:
        sample: Prediction with ``loc_boxes`` (n, 4), ``ori_shape`` and ``img_path``.
        cam: Map, (h, w).
        box_rule: Box rule with its threshold.

    Returns:
        Intersection over union, 0 to 1.

    Raises:
        ValueError: If the image has no ground-truth box, or one outside.
    """
    boxes = np.asarray(sample['loc_boxes'])
    height, width = sample['ori_shape']
    if len(boxes) == 0:
        raise ValueError(f'{sample["img_path"]} has no ground-truth box')
    if boxes.min() < 0 or (boxes[:, 2:] > [width, height]).any():
        raise ValueError(
            f'{sample["img_path"]} has {width} x {height} pixels, '
            f'but a ground-truth box outside: {boxes.tolist()}'
        )
    return box_iou(box_rule(cam, (width, height)), boxes).max()
