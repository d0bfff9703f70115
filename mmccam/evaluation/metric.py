"""What all metrics of localization maps share, and the record of those with a box."""

import os
from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..boxes import Box, box_area, box_iou, intersection
from ..cam import rank_classes
from ..maps import is_degenerate
from ..structures import ClassMaps, check_scores, given_map_name, true_boxes
from .box_rules import BoxMaker

# Images whose records may be under way at a time: their maps stay in memory.
MAX_PENDING = 64
# More threads would only wait for Python's lock.
THREADS = ThreadPoolExecutor(min(4, os.cpu_count()), thread_name_prefix='mmccam')
IMAGE_KEYS = ('sample_idx', 'img_path')
# What can go wrong, as LocalizationErrors explains it.
ERRORS = ('class_wrong', 'nothing_found', 'several_objects', 'too_small', 'too_large')


class LocalizationMetric(BaseMetric):
    """A metric of one map: that of the true class, found by its name.

    Records are made in threads beside the network. What a subclass fills in is
    :meth:`record`, for one image, and :meth:`summarize`, for all of them. Reported is
    also, as ``<class>_degenerate_maps``, how many maps are constant, NaN or infinite.

    Args:
        map_name: Name of the map, one of the head's. Its former keyword is ``cam``;
            neither is a TypeError.
        prefix: Prefix of the reported names. Defaults to the name of the map.
        collect_device: Device to gather records on, ``cpu`` or ``gpu``.
    """

    def __init__(
        self,
        map_name: Optional[str] = None,
        prefix: Optional[str] = None,
        collect_device: str = 'cpu',
        *,
        cam: Optional[str] = None,
    ) -> None:
        self.map_name = given_map_name(map_name, cam)
        super().__init__(collect_device, prefix or self.map_name)
        self._pending: deque[Future] = deque()

    def target_class(self, sample: dict) -> int:
        """The class whose map is evaluated: the true one."""
        return sample['gt_label'].item()

    @abstractmethod
    def record(self, sample: dict, cam: np.ndarray) -> Any:
        """Return the small record of one image.

        Args:
            sample: Prediction with its true class and boxes.
            cam: Map of the target class, (h, w).
        """

    @abstractmethod
    def summarize(self, records: list) -> dict[str, float]:
        """Turn the records of all images into numbers."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Start to make the record of each prediction.

        Raises:
            ValueError: If a sample has no such map, or the record of one failed.
        """
        for sample in data_samples:
            check_scores(sample)
            cam = ClassMaps.read(sample).of(self.map_name, self.target_class(sample))
            self._pending.append(THREADS.submit(self._full_record, sample, cam))
        self._finish(MAX_PENDING)

    def _full_record(self, sample: dict, cam: np.ndarray) -> tuple[bool, Any]:
        return is_degenerate(cam), self.record(sample, cam)

    def _finish(self, left: int) -> None:
        """Collect finished records until this many are left."""
        try:
            while len(self._pending) > left:
                self.results.append(self._pending.popleft().result())
        except Exception:
            # Or an evaluation after this one would count what is left of it.
            self._pending.clear()
            self.results.clear()
            raise

    def evaluate(self, size: int) -> dict:
        """Gather the records of all processes, of ``size`` images, and summarize."""
        self._finish(0)
        return super().evaluate(size)

    def compute_metrics(self, results: list[tuple[bool, Any]]) -> dict[str, float]:
        """Summarize the records, and count the maps that show nothing."""
        degenerate, records = zip(*results)
        count = int(sum(degenerate))
        if count:
            MMLogger.get_current_instance().warning(
                f'{self.prefix}: {count} of {len(results)} maps are constant, '
                'NaN or infinite'
            )
        # Several metrics may share a prefix, so that the name must tell which it is.
        name = f'{type(self).__name__}_degenerate_maps'
        return {**self.summarize(list(records)), name: count}


@dataclass(eq=False)  # two outcomes are never the same
class Outcome:
    """What became of an image, and what it takes to draw it."""

    kind: str  #: ``right`` or one of ``ERRORS``
    overlap: float  #: highest overlap of the box with a true box, 0 ... 1
    box: Box  #: box of the target class in pixels of the original image
    true_boxes: np.ndarray  #: true boxes in the same pixels, (n, 4)
    pred_label: Optional[int]  #: the most probable class, None without class scores
    gt_label: int  #: the true class
    image: dict[str, Any]  #: its ``sample_idx`` and ``img_path``, where it has them
    cam: Optional[np.ndarray] = None  #: map (h, w), float32; None if it is not drawn
    rank: Optional[int] = None  #: rank of the true class, from 0, None without scores


class BoxMetric(LocalizationMetric, BoxMaker):
    """A metric of the boxes that a rule makes of one map.

    Args:
        map_name, prefix, collect_device: As in
            :class:`~mmccam.evaluation.LocalizationMetric`.
        box_rule: Name of the box rule. Defaults to ``largest_component``, or to the
            best one where thresholds were searched.
        threshold: Threshold of the rule. Defaults to the rule's own, or to the best one
            where thresholds were searched.
        iou: Overlap at which a box is right, 0 < iou <= 1.

    An unknown rule, or a number outside its range, is a ValueError.
    """

    def __init__(
        self,
        *args,
        iou: float = 0.5,
        prefix: Optional[str] = None,
        collect_device: str = 'cpu',
        **kwargs,
    ) -> None:
        BoxMaker.__init__(self, *args, **kwargs)
        LocalizationMetric.__init__(self, self.map_name, prefix, collect_device)
        check_iou(iou)
        self.iou = iou

    def record(self, sample: dict, cam: np.ndarray) -> Outcome:
        """Find out what became of an image.

        Metrics of the same map, rule, threshold and IoU share one box: the first of
        them adds the outcome, without the map, to the sample. A sample without
        ``pred_score`` is a map alone. No true box, or one outside, is a ValueError.
        """
        key = (self.map_name, self.target_class(sample), self.box_rule, self.iou)
        mine = Future()
        shared = sample.setdefault(key, mine)  # of all threads one is the first
        if shared is mine:
            try:
                mine.set_result(self._outcome(sample, cam))
            except Exception as error:
                mine.set_exception(error)
        return shared.result()

    def _outcome(self, sample: dict, cam: np.ndarray) -> Outcome:
        height, width = sample['ori_shape']
        box, truth = self.box_rule(cam, (width, height)), true_boxes(sample)
        label, top, rank = sample['gt_label'].item(), None, None
        if 'pred_score' in sample:
            top, *_ = ranking = rank_classes(sample['pred_score'].float()).tolist()
            rank = ranking.index(label)
        # Without class scores the class is known.
        kind, overlap = judge(box, truth, not rank, is_degenerate(cam), self.iou)
        image = {key: sample[key] for key in IMAGE_KEYS if key in sample}
        return Outcome(kind, overlap, box, truth, top, label, image, rank=rank)


def judge(
    box: Box, true_boxes: np.ndarray, class_right: bool, degenerate: bool, iou: float
) -> tuple[str, float]:
    """Decide what became of an image: the kind, and the highest overlap of its box.

    Degenerate is a map that is constant, NaN or infinite. True boxes are (n, 4), n > 0.
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


def check_iou(iou: float) -> None:
    """Raise a ``ValueError`` unless 0 < iou <= 1."""
    if not 0 < iou <= 1:
        raise ValueError(f'iou must lie above 0 and be at most 1, got {iou}')


def check_unique(values: Iterable, what: str) -> None:
    """Raise a ``ValueError`` if two images have the same value, with ``what`` it is."""
    ((value, count),) = Counter(values).most_common(1)
    if count > 1:
        raise ValueError(
            f'each image of the data set must have its own {what}, {count} have {value}'
        )


def pack_hits(overlaps: np.ndarray, ious: Sequence[float]) -> np.ndarray:
    """Pack whether overlaps (...) reach each of some IoUs into bits, of (..., ious)."""
    return np.packbits(overlaps[..., None] >= ious)


def count_hits(records: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Count the images that reach each overlap, of the packed (..., ious) of each."""
    bits = np.unpackbits(np.stack(records), axis=1, count=np.prod(shape))
    return bits.sum(axis=0, dtype=np.int64).reshape(shape)
