"""Localization accuracy, and where localization fails."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from heapq import nlargest, nsmallest
from itertools import chain
from operator import attrgetter

import numpy as np

from ..registry import METRICS
from .metric import ERRORS, BoxMetric, Outcome


@METRICS.register_module()
class CCAMLocalizationMetric(BoxMetric):
    """Localization accuracy of one map under one box rule, in percent.

    A box is right if it overlaps a true box by at least ``iou``. Reported are

    - ``top1_loc``: the most probable class is right, and so is its box;
    - ``top5_loc``: one of the five most probable classes is right, and so is its box;
    - ``gt_known_loc``: the box of the true class is right;
    - ``threshold``: the threshold of the box rule.

    A guess with the right class has the map of the true class, so that one box an image
    answers all three. Without class scores there is only ``gt_known_loc``. The
    arguments are those of :class:`~mmccam.evaluation.BoxMetric`. After the evaluation,
    the main process has, for the N images in the order of the data set, the ``ranks``
    of their true classes, from 0, and in ``hits`` whether their boxes are right.
    """

    def summarize(self, records: list[Outcome]) -> dict[str, float]:
        ranks = np.array([outcome.rank for outcome in records])
        hits = np.array([outcome.overlap >= self.iou for outcome in records])
        self.ranks, self.hits = ranks, hits
        if None in ranks:
            accuracies = dict(gt_known_loc=100 * float(np.mean(hits)))
        else:
            accuracies = self.calculate(ranks, hits)
        return dict(accuracies, threshold=self.box_rule.threshold)

    @staticmethod
    def calculate(ranks: np.ndarray, hits: np.ndarray) -> dict[str, float]:
        """Compute the accuracies of N images in percent.

        ``ranks`` are those of their true classes, from 0, (N,); ``hits`` say whether
        the boxes of these are right, (N,).
        """
        return dict(
            top1_loc=100 * float(np.mean((ranks < 1) & hits)),
            top5_loc=100 * float(np.mean((ranks < 5) & hits)),
            gt_known_loc=100 * float(np.mean(hits)),
        )


@METRICS.register_module()
class LocalizationErrors(BoxMetric):
    """How many images one map and box rule get right, and why the others are wrong.

    Reported are numbers of images, which add up to all of them; each image is one of

    - ``right``: the box of the true class overlaps a true box by at least ``iou``,
      and the most probable class is right;
    - ``class_wrong``: the box is right, the most probable class is not;

    and if the box is wrong, whatever the class, the first that is true of

    - ``nothing_found``: the map is constant, NaN or infinite, or the box touches no
      true box;
    - ``several_objects``: the box covers at least half of each of two true boxes;
    - ``too_small``: the box has fewer pixels than the true box that it overlaps most,
      so that it misses more of the object than it adds around it;
    - ``too_large``: the box has as many pixels or more.

    After the evaluation, the main process has in ``examples``, ready to be drawn,

    - ``best``: the images that are ``right`` with the highest overlap;
    - ``worst``: the images that are not ``right`` with the lowest;
    - ``random``: some images, the same for the same data set;
    - for each kind but ``right`` its images of the lowest overlap.

    The best or the worst come first, and equal ones in the order of the data set.

    Args:
        num_examples: At most how many images each of ``examples`` has.
        **kwargs: Arguments of :class:`~mmccam.evaluation.BoxMetric`.
    """

    def __init__(self, *args, num_examples: int = 4, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if num_examples < 0:
            raise ValueError(f'num_examples must be 0 or more, got {num_examples}')
        self.num_examples = num_examples
        self.examples: dict[str, list[Outcome]] = {}
        self._with_map: list[Outcome] = []

    def record(self, sample: dict, cam: np.ndarray) -> Outcome:
        # A copy: a view would keep all maps of its batch.
        return replace(super().record(sample, cam), cam=np.array(cam, np.float32))

    def _finish(self, left: int) -> None:
        """Collect finished records; only images that may be drawn keep their map."""
        start = len(self.results)
        super()._finish(left)
        # Those of an earlier evaluation do not count.
        earlier = self._with_map if start else []
        seen = earlier + [outcome for _, outcome in self.results[start:]]
        kept = set(chain(*self._find_examples(seen).values()))
        self._with_map = [outcome for outcome in seen if outcome in kept]
        for outcome in seen:
            if outcome not in kept:
                outcome.cam = None

    def summarize(self, records: list[Outcome]) -> dict[str, int]:
        self.examples = self._find_examples(records)
        counts = Counter(outcome.kind for outcome in records)
        return {kind: counts[kind] for kind in ('right', *ERRORS)}

    def _find_examples(self, outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
        """Find what ``examples`` has; of equal ones those that come first."""

        def some_of(choose, *kinds):
            found = (outcome for outcome in outcomes if outcome.kind in kinds)
            return choose(self.num_examples, found, key=attrgetter('overlap'))

        return dict(
            best=some_of(nlargest, 'right'),
            worst=some_of(nsmallest, *ERRORS),
            random=nsmallest(self.num_examples, outcomes, key=_draw_lot),
            **{kind: some_of(nsmallest, kind) for kind in ERRORS},
        )


def _draw_lot(outcome: Outcome) -> bytes:
    # A number of the image's own: it depends on no order and no number of processes.
    return sha256(str(outcome.image.get('sample_idx')).encode()).digest()
