"""Where localization fails: what became of each image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nlargest, nsmallest
from itertools import chain
from operator import attrgetter
from typing import Any, Optional

import numpy as np

from ..boxes import Box, box_area, box_iou, intersection
from ..cam import rank_classes
from ..maps import is_degenerate
from ..registry import METRICS
from ..structures import true_boxes
from .box_rules import build_box_rule
from .metric import LocalizationMetric, check_iou

ERRORS = (
    'class_wrong',
    'nothing_found',
    'several_objects',
    'too_small',
    'too_large',
)
IMAGE_KEYS = ('sample_idx', 'img_path')


@dataclass(eq=False)  # two outcomes are never the same
class Outcome:
    """What became of an image, and what it takes to draw it.

    Args:
        kind: ``right`` or one of ``ERRORS``.
        overlap: Highest overlap of the box with a ground truth, 0 ... 1.
        box: Box of the true class in pixels of the original image.
        true_boxes: Ground-truth boxes in the same pixels, (n, 4).
        pred_label: The most probable class.
        gt_label: The true class.
        image: ``sample_idx`` of the image and its ``img_path``, where it has them.
        cam: Map of the true class, (h, w), float32; None where nothing is to be drawn.
    """

    kind: str
    overlap: float
    box: Box
    true_boxes: np.ndarray
    pred_label: int
    gt_label: int
    image: dict[str, Any]
    cam: Optional[np.ndarray]


@METRICS.register_module()
class LocalizationErrors(LocalizationMetric):
    """How many images one map and box rule get right, and why the others are wrong.

    Reported are numbers of images, which add up to all of them; each image is one of

    - ``right``: the box of the true class overlaps a ground truth by at least ``iou``,
      and the most probable class is right;
    - ``class_wrong``: the box is right, the most probable class is not;

    and if the box is wrong, whatever the class, the first that is true of

    - ``nothing_found``: the map is constant or not finite, or the box touches no ground
      truth;
    - ``several_objects``: the box covers at least half of each of two ground truths;
    - ``too_small``: the box has fewer pixels than the ground truth that it overlaps
      most, so that it misses more of the object than it adds around it;
    - ``too_large``: the box has as many pixels or more.

    After the evaluation, the main process has in ``examples``, with all it takes to
    draw them,

    - ``best``: the images that are ``right`` with the highest overlap;
    - ``worst``: the images that are not ``right`` with the lowest;
    - ``random``: some images, the same for the same data set;
    - for each kind but ``right`` its images of the lowest overlap.

    The best or the worst come first, and equal ones in the order of the data set.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        box_rule: Name of the box rule. Defaults to ``cam``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        iou: Overlap at which a box is right, 0 < iou <= 1. Defaults to 0.5.
        num_examples: At most how many images each of ``examples`` has. Defaults to 4.
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
        num_examples: int = 4,
        **kwargs,
    ) -> None:
        super().__init__(cam, **kwargs)
        check_iou(iou)
        if num_examples < 0:
            raise ValueError(f'num_examples must be 0 or more, got {num_examples}')
        self.box_rule = build_box_rule(box_rule, threshold)
        self.iou = iou
        self.num_examples = num_examples
        self.examples: dict[str, list[Outcome]] = {}
        self._with_map: list[Outcome] = []

    def record(self, sample: dict, cam: np.ndarray) -> Outcome:
        """Find out what became of an image.

        Args:
            sample: Prediction, with ``pred_score``, ``gt_label``, ``loc_boxes``,
                ``ori_shape``, ``sample_idx`` and ``img_path``.
            cam: Map of the true class, (h, w).

        Raises:
            ValueError: If the image has no ground-truth box, or one outside.
        """
        height, width = sample['ori_shape']
        box, truth = self.box_rule(cam, (width, height)), true_boxes(sample)
        pred_label = rank_classes(sample['pred_score'].float())[0].item()
        gt_label = sample['gt_label'].item()
        kind, overlap = self.judge(
            box, truth, pred_label == gt_label, is_degenerate(cam), self.iou
        )
        return Outcome(
            kind=kind,
            overlap=overlap,
            box=box,
            true_boxes=truth,
            pred_label=pred_label,
            gt_label=gt_label,
            image={key: sample[key] for key in IMAGE_KEYS if key in sample},
            cam=np.array(cam, np.float32),  # a view would keep all maps of its batch
        )

    @staticmethod
    def judge(
        box: Box,
        true_boxes: np.ndarray,
        class_right: bool,
        degenerate: bool,
        iou: float = 0.5,
    ) -> tuple[str, float]:
        """Tell what became of an image.

        Args:
            box: Box of the true class in pixels.
            true_boxes: Ground-truth boxes in the same pixels, (n, 4), n > 0.
            class_right: Whether the most probable class is right.
            degenerate: Whether the map is constant or not finite.
            iou: Overlap at which a box is right.

        Returns:
            The kind, and the highest overlap with a ground truth.
        """
        box, truth = np.array(box, np.float64), np.array(true_boxes, np.float64)
        overlaps = box_iou([box], truth)[0]
        best = overlaps.argmax()
        overlap = float(overlaps[best])
        covered = intersection(box, truth) / box_area(truth)
        if overlap >= iou:
            kind = 'right' if class_right else 'class_wrong'
        elif degenerate or overlap == 0:
            kind = 'nothing_found'
        elif (covered >= 0.5).sum() > 1:
            kind = 'several_objects'
        else:
            smaller = box_area(box) < box_area(truth[best])
            kind = 'too_small' if smaller else 'too_large'
        return kind, overlap

    def _finish(self, left: int) -> None:
        """Take over finished records; only images that may be drawn keep their map."""
        start = len(self.results)
        super()._finish(left)
        seen = self._with_map + [outcome for _, outcome in self.results[start:]]
        kept = set(chain(*self._find_examples(seen).values()))
        self._with_map = [outcome for outcome in seen if outcome in kept]
        for outcome in seen:
            if outcome not in kept:
                outcome.cam = None

    def evaluate(self, size: int) -> dict:
        """Gather the outcomes of all processes and count them."""
        values = super().evaluate(size)
        self._with_map.clear()
        return values

    def summarize(self, records: list[Outcome]) -> dict[str, int]:
        """Count the outcomes of each kind, and keep the examples."""
        self.examples = self._find_examples(records)
        counts = Counter(outcome.kind for outcome in records)
        return {kind: counts[kind] for kind in ('right', *ERRORS)}

    def _find_examples(self, outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
        """Find what ``examples`` has; of equal ones those that come first."""
        number = self.num_examples
        right = [outcome for outcome in outcomes if outcome.kind == 'right']
        wrong = [outcome for outcome in outcomes if outcome.kind != 'right']
        return dict(
            best=nlargest(number, right, key=attrgetter('overlap')),
            worst=nsmallest(number, wrong, key=attrgetter('overlap')),
            random=nsmallest(number, outcomes, key=_draw_lot),
            **{
                kind: nsmallest(
                    number,
                    (outcome for outcome in wrong if outcome.kind == kind),
                    key=attrgetter('overlap'),
                )
                for kind in ERRORS
            },
        )


def _draw_lot(outcome: Outcome) -> bytes:
    # A number of the image's own: it depends on no order and no number of processes.
    return sha256(str(outcome.image.get('sample_idx')).encode()).digest()
