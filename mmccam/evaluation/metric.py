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

from ..maps import is_degenerate
from ..structures import ClassMaps

# Images whose records may be under way at a time: their maps stay in memory.
MAX_PENDING = 64


class LocalizationMetric(BaseMetric):
    """A metric of one map: that of the true class, found by its name.

    Records are made in threads beside the network. What a subclass fills in is
    :meth:`record`, for one image, and :meth:`summarize`, for all of them.

    Args:
        cam: Name of the map, one of the head's ``cams``.
        prefix: Prefix of the names. Defaults to the name of the map.
        collect_device: Device to gather records on, ``cpu`` or ``gpu``.
    """

    def __init__(
        self, cam: str, prefix: Optional[str] = None, collect_device: str = 'cpu'
    ) -> None:
        super().__init__(collect_device, prefix or cam)
        self.cam = cam
        self._pending: deque[Future] = deque()

    def target_class(self, sample: dict) -> int:
        """The class whose map is evaluated: the true one.

        Args:
            sample: Prediction with its ground truth.
        """
        return sample['gt_label'].item()

    @abstractmethod
    def record(self, sample: dict, cam: np.ndarray) -> Any:
        """Return the small record of one image.

        Args:
            sample: Prediction with its ground truth.
            cam: Map of the true class, (h, w).
        """

    @abstractmethod
    def summarize(self, records: list) -> dict[str, float]:
        """Turn the records of all images into numbers."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Start to make the record of each image.

        Args:
            data_batch: Not used.
            data_samples: Predictions, with ``cams``, ``cam_labels`` and ground truth.

        Raises:
            ValueError: If a sample has no map of that name, or an earlier one could not
                be evaluated.
        """
        for sample in data_samples:
            cam = ClassMaps.read(sample).of(self.cam, self.target_class(sample))
            self._pending.append(_threads().submit(self._full_record, sample, cam))
        self._finish(MAX_PENDING)

    def _full_record(self, sample: dict, cam: np.ndarray) -> tuple[bool, Any]:
        return is_degenerate(cam), self.record(sample, cam)

    def _finish(self, left: int) -> None:
        """Take over finished records until this many are left."""
        try:
            while len(self._pending) > left:
                self.results.append(self._pending.popleft().result())
        except Exception:
            # Or an evaluation after this one would count what is left of it.
            self._pending.clear()
            self.results.clear()
            raise

    def evaluate(self, size: int) -> dict:
        """Gather the records of all processes and summarize them.

        Args:
            size: Number of images of the data set.
        """
        self._finish(0)
        return super().evaluate(size)

    def compute_metrics(self, results: list[tuple[bool, Any]]) -> dict[str, float]:
        """Count the maps that show nothing, and summarize the records.

        Returns:
            What :meth:`summarize` does, and ``<class of the metric>_degenerate_maps``,
            the number of maps that are constant or not finite.
        """
        degenerate, records = zip(*results)
        if any(degenerate):
            MMLogger.get_current_instance().warning(
                f'{self.prefix}: {sum(degenerate)} of {len(results)} maps are constant'
                ' or not finite'
            )
        # Several metrics may share a prefix, so that the name must tell which it is.
        name = f'{type(self).__name__}_degenerate_maps'
        return {**self.summarize(list(records)), name: int(sum(degenerate))}


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
    """Whether overlaps (...) reach each of some IoUs, as a small record.

    Returns:
        Bits, of (..., ious).
    """
    return np.packbits(overlaps[..., None] >= ious)


def count_hits(records: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Count the images that reach each overlap.

    Args:
        records: What :func:`pack_hits` returned for each image.
        shape: Shape of the bits, (..., ious).

    Returns:
        Numbers of images, (..., ious).
    """
    bits = np.unpackbits(np.stack(records), axis=1, count=np.prod(shape))
    return bits.sum(axis=0, dtype=np.int64).reshape(shape)
