"""Localization accuracy: Top-1, Top-5 and with the class known."""

from typing import Optional

import numpy as np

from ..boxes import box_iou
from ..cam import rank_classes
from ..registry import METRICS
from ..structures import true_boxes
from .box_rules import build_box_rule
from .metric import LocalizationMetric, check_iou


@METRICS.register_module()
class CCAMLocalizationMetric(LocalizationMetric):
    """Localization accuracy of one map under one box rule, in percent.

    A box is right if it overlaps one of the image's ground-truth boxes by at least
    ``iou``. Reported are

    - ``top1_loc``: the most probable class is right, and so is its box;
    - ``top5_loc``: one of the five most probable classes is right, and so is its box;
    - ``gt_known_loc``: the box of the true class is right.

    A guess with the right class has the map of the true class, so that one box an image
    answers all three; without class scores there is only the last. Beside them stands
    the ``threshold`` of the box rule.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rule: Name of the box rule. Defaults to ``cam``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        iou: Overlap at which a box is right, 0 < iou <= 1. Defaults to 0.5.
        **kwargs: ``prefix`` and ``collect_device`` of
            :class:`~mmccam.evaluation.metric.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    def __init__(
        self,
        cam: str,
        box_rule: str = 'cam',
        threshold: Optional[float] = None,
        iou: float = 0.5,
        **kwargs,
    ) -> None:
        super().__init__(cam, **kwargs)
        check_iou(iou)
        self.box_rule = build_box_rule(box_rule, threshold)
        self.iou = iou

    def record(self, sample: dict, cam: np.ndarray) -> tuple[Optional[int], bool]:
        """Return the rank of the true class and whether its box is right.

        Args:
            sample: Prediction, with ``gt_label``, ``loc_boxes`` and ``ori_shape``, and
                ``pred_score`` unless it is a map alone.
            cam: Map of the true class, (h, w).

        Returns:
            The rank, from 0, or None without ``pred_score``; and the box.

        Raises:
            ValueError: If the image has no ground-truth box, or one outside.
        """
        height, width = sample['ori_shape']
        box = self.box_rule(cam, (width, height))
        hit = box_iou([box], true_boxes(sample)).max() >= self.iou
        if 'pred_score' not in sample:
            return None, hit
        ranking = rank_classes(sample['pred_score'].float()).tolist()
        return ranking.index(sample['gt_label'].item()), hit

    def summarize(self, records: list[tuple[Optional[int], bool]]) -> dict[str, float]:
        """Turn the records of all images into accuracies."""
        ranks, hits = (np.array(column) for column in zip(*records))
        if None in ranks:
            accuracies = dict(gt_known_loc=100 * float(np.mean(hits)))
        else:
            accuracies = self.calculate(ranks, hits)
        return dict(accuracies, threshold=self.box_rule.threshold)

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
