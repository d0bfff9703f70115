"""Localization accuracy: Top-1, Top-5 and with the class known."""

import numpy as np

from ..registry import METRICS
from .metric import BoxMetric, Outcome


@METRICS.register_module()
class CCAMLocalizationMetric(BoxMetric):
    """Localization accuracy of one map under one box rule, in percent.

    A box is right if it overlaps one of the true boxes by at least ``iou``. Reported
    are

    - ``top1_loc``: the most probable class is right, and so is its box;
    - ``top5_loc``: one of the five most probable classes is right, and so is its box;
    - ``gt_known_loc``: the box of the true class is right;
    - ``threshold``: the threshold of the box rule.

    A guess with the right class has the map of the true class, so that one box an image
    answers all three. Without class scores there is only ``gt_known_loc``. The
    arguments are those of :class:`~mmccam.evaluation.BoxMetric`.
    """

    def summarize(self, records: list[Outcome]) -> dict[str, float]:
        ranks = np.array([outcome.rank for outcome in records])
        hits = np.array([outcome.overlap >= self.iou for outcome in records])
        if None in ranks:
            accuracies = dict(gt_known_loc=100 * float(np.mean(hits)))
        else:
            accuracies = self.calculate(ranks, hits)
        return dict(accuracies, threshold=self.box_rule.threshold)

    @staticmethod
    def calculate(ranks: np.ndarray, hits: np.ndarray) -> dict[str, float]:
        """Compute the accuracies of N images in percent.

        Args:
            ranks: Rank of the true class of each image, from 0, (N,).
            hits: Whether the box of the true class is right, (N,).
        """
        return dict(
            top1_loc=100 * float(np.mean((ranks < 1) & hits)),
            top5_loc=100 * float(np.mean((ranks < 5) & hits)),
            gt_known_loc=100 * float(np.mean(hits)),
        )
