"""What all metrics of localization maps share."""

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Optional

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..cam import rank_classes
from ..maps import is_degenerate
from ..structures import ClassMaps, given_map_name, true_boxes
from .box_rules import BoxMaker
from .outcome import Outcome, judge

# Images whose records may be under way at a time: their maps stay in memory.
MAX_PENDING = 64
IMAGE_KEYS = ('sample_idx', 'img_path')


class LocalizationMetric(BaseMetric):
    """A metric of one map: that of the true class, found by its name.

    Records are made in threads beside the network. What a subclass fills in is
    :meth:`record`, for one image, and :meth:`summarize`, for all of them.

    Args:
        map_name: Name of the map, one of the head's. Its former keyword is ``cam``.
        prefix: Prefix of the names. Defaults to the name of the map.
        collect_device: Device to gather records on, ``cpu`` or ``gpu``.

    Raises:
        TypeError: If no map is named.
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
            sample: Prediction with its ground truth.
            cam: Map of the target class, (h, w).
        """

    @abstractmethod
    def summarize(self, records: list) -> dict[str, float]:
        """Turn the records of all images into numbers."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Start to make the record of each prediction with its ground truth.

        Raises:
            ValueError: If a sample has no map of that name, or an earlier one could not
                be evaluated.
        """
        for sample in data_samples:
            cam = ClassMaps.read(sample).of(self.map_name, self.target_class(sample))
            self._pending.append(_threads().submit(self._full_record, sample, cam))
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
        """Summarize the records, and count the maps that are constant or not finite."""
        degenerate, records = zip(*results)
        if any(degenerate):
            MMLogger.get_current_instance().warning(
                f'{self.prefix}: {sum(degenerate)} of {len(results)} maps are constant'
                ' or not finite'
            )
        # Several metrics may share a prefix, so that the name must tell which it is.
        name = f'{type(self).__name__}_degenerate_maps'
        return {**self.summarize(list(records)), name: int(sum(degenerate))}


class BoxMetric(LocalizationMetric, BoxMaker):
    """A metric of the boxes that a rule makes of one map.

    Args:
        *args: ``map_name``, ``box_rule`` and ``threshold``, as in
            :class:`~mmccam.evaluation.box_rules.BoxMaker`.
        iou: Overlap at which a box is right, 0 < iou <= 1. Defaults to 0.5.
        prefix: As in :class:`LocalizationMetric`.
        collect_device: As there.

    Raises:
        TypeError: If no map is named.
        ValueError: If an argument lies outside its range or names nothing.
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
        them adds the outcome to the sample.

        Args:
            sample: Prediction, with ``gt_label``, ``loc_boxes``, ``ori_shape`` and,
                unless it is a map alone, ``pred_score``.
            cam: Map of the target class, (h, w). The outcome does not keep it.

        Raises:
            ValueError: If the image has no ground-truth box, or one outside.
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


@cache
def _threads() -> ThreadPoolExecutor:
    # More than cores would only wait for Python's lock.
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix='mmccam')


def check_iou(iou: float) -> None:
    """Check that an overlap can be asked for.

    Raises:
        ValueError: If not 0 < iou <= 1.
    """
    if not 0 < iou <= 1:
        raise ValueError(f'iou must lie above 0 and be at most 1, got {iou}')


def pack_hits(overlaps: np.ndarray, ious: np.ndarray) -> np.ndarray:
    """Pack whether overlaps (...) reach each of some IoUs into bits, of (..., ious)."""
    return np.packbits(overlaps[..., None] >= ious)


def count_hits(records: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Count the images that reach each overlap, (..., ious).

    Args:
        records: What :func:`pack_hits` returned for each image.
        shape: Shape of the bits, (..., ious).
    """
    bits = np.unpackbits(np.stack(records), axis=1, count=np.prod(shape))
    return bits.sum(axis=0, dtype=np.int64).reshape(shape)
