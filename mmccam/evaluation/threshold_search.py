"""Search the threshold of a box rule on a held-out split."""

from collections.abc import Sequence

import numpy as np

from ..boxes import box_iou
from ..registry import METRICS
from .base import (
    LocalizationMetric,
    check_iou,
    count_hits,
    pack_hits,
    true_boxes,
)
from .box_rules import build_box_rule


@METRICS.register_module()
class ThresholdSearch(LocalizationMetric):
    """How many boxes of the true class are right, at each threshold of each box rule.

    To be used on a split that no result is reported on. Tries 0.01 ... 0.99. Reported
    is, for each rule, the ``<rule>_threshold`` with the most boxes of an overlap of 0.5
    (of equally good ones the lowest), and its accuracy in percent,
    ``<rule>_gt_known_loc``. After the evaluation, the main process has the accuracies
    of all thresholds in ``curves``.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rules: Names of the box rules. Defaults to ``cam`` and ``nlccam_released``.
        ious: Overlaps at which a box is right, 0.5 among them. Defaults to 0.3, 0.5 and
            0.7.
        **kwargs: ``prefix`` and ``collect_device`` of
            :class:`~mmccam.evaluation.base.LocalizationMetric`.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    thresholds = (np.arange(1, 100) / 100).tolist()

    def __init__(
        self,
        cam: str,
        box_rules: Sequence[str] = ('cam', 'nlccam_released'),
        ious: Sequence[float] = (0.3, 0.5, 0.7),
        **kwargs,
    ) -> None:
        super().__init__(cam, **kwargs)
        for iou in ious:
            check_iou(iou)
        if 0.5 not in ious:
            raise ValueError(f'ious must have 0.5, by which is chosen, got {ious}')
        self.box_rules = {name: build_box_rule(name) for name in box_rules}
        self.ious = list(ious)

    def record(self, sample: dict, cam: np.ndarray) -> np.ndarray:
        """Return for each rule, threshold and IoU whether the box is right.

        Args:
            sample: Prediction, with ``loc_boxes`` and ``ori_shape``.
            cam: Map of the true class, (h, w).

        Returns:
            Bits, of (rules, thresholds, ious).

        Raises:
            ValueError: If the image has no ground-truth box, or one outside.
        """
        height, width = sample['ori_shape']
        truth = true_boxes(sample)
        overlaps = [
            box_iou(rule.at(self.thresholds, cam, (width, height)), truth).max(axis=1)
            for rule in self.box_rules.values()
        ]
        return pack_hits(np.stack(overlaps), self.ious)

    def summarize(self, records: list[np.ndarray]) -> dict[str, float]:
        """Find the best threshold of each rule and its accuracy in percent."""
        shape = (len(self.box_rules), len(self.thresholds), len(self.ious))
        accuracies = 100 * (count_hits(records, shape) / len(records))
        self.curves = {
            rule: dict(zip(self.ious, of_rule.T.tolist()))
            for rule, of_rule in zip(self.box_rules, accuracies)
        }
        return {
            f'{best["box_rule"]}_{name}': best[name]
            for best in self.best_rules()
            for name in ('threshold', 'gt_known_loc')
        }

    def best_rules(self) -> list[dict]:
        """Each rule with its best threshold, from the best rule to the worst.

        Returns:
            ``box_rule``, ``threshold`` and ``gt_known_loc``, in percent, of each.
        """
        best = []
        for rule, curves in self.curves.items():
            index = int(np.argmax(curves[0.5]))  # the lowest of equally good ones
            best.append(
                dict(
                    box_rule=rule,
                    threshold=self.thresholds[index],
                    gt_known_loc=curves[0.5][index],
                )
            )
        return sorted(best, key=lambda rule: -rule['gt_known_loc'])
