"""Search the threshold of a box rule on a held-out split."""

from collections.abc import Sequence
from typing import Optional

import numpy as np
from mmengine.evaluator import BaseMetric

from ..registry import METRICS
from .box_rules import build_box_rule
from .localization import check_iou, true_class_map, true_class_overlap


@METRICS.register_module()
class ThresholdSearch(BaseMetric):
    """The threshold at which most boxes of the true class are right.

    To be used on a split that no result is reported on. Tries 0.01 ... 0.99; of equally
    good thresholds the lowest is taken.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rule: Name of the box rule. Defaults to ``cam``.
        iou: Overlap at which a box is right, 0 < iou <= 1. Defaults to 0.5.
        collect_device: Device to gather results on, ``cpu`` or ``gpu``.
        prefix: Prefix of the names. Defaults to the name of the map.

    Raises:
        ValueError: If an argument lies outside its range or names nothing.
    """

    thresholds = np.arange(1, 100) / 100

    def __init__(
        self,
        cam: str,
        box_rule: str = 'cam',
        iou: float = 0.5,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ) -> None:
        super().__init__(collect_device, prefix or cam)
        check_iou(iou)
        self.cam = cam
        self.box_rules = [build_box_rule(box_rule, float(t)) for t in self.thresholds]
        self.iou = iou

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep for each image the thresholds at which its box is right."""
        for sample in data_samples:
            cam = true_class_map(sample, self.cam)
            overlaps = [
                true_class_overlap(sample, cam, rule) for rule in self.box_rules
            ]
            self.results.append(np.array(overlaps) >= self.iou)

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Return the best threshold and its accuracy in percent."""
        accuracies = 100 * np.mean(results, axis=0)
        best = int(accuracies.argmax())
        return dict(
            threshold=float(self.thresholds[best]), gt_known_loc=float(accuracies[best])
        )
