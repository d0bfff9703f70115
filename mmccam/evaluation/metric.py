"""What all metrics of localization maps share."""

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Optional

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ..maps import is_degenerate

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
            cam = class_map(sample, self.cam, self.target_class(sample))
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


def default_map(cams: Collection[str]) -> str:
    """Choose the map that boxes are made of where none is named.

    Args:
        cams: Names of the head's maps. Their order does not matter, since mmengine
            sorts them when it stores a config.

    Returns:
        ``ccam`` if it is among them, or the only one.

    Raises:
        ValueError: If neither is there.
    """
    if 'ccam' in cams:
        return 'ccam'
    if len(cams) != 1:
        raise ValueError(f'the head makes the maps {", ".join(sorted(cams))}: name one')
    return next(iter(cams))


def class_map(sample: dict, name: str, label: int) -> np.ndarray:
    """The map of a class.

    Args:
        sample: Prediction with ``cams`` and ``cam_labels``.
        name: Name of the map.
        label: One of ``cam_labels``.

    Returns:
        Map, (h, w), float32 or float64.

    Raises:
        ValueError: If the head made no map of that name or class.
    """
    labels = sample['cam_labels'].tolist()
    if label not in labels:
        raise ValueError(
            f'{sample["img_path"]} has maps of the classes {labels}, none of {label}'
        )
    cam = find_map(sample['cams'], name)[labels.index(label)].cpu()
    return (cam if cam.dtype == torch.float64 else cam.float()).numpy()


def true_boxes(sample: dict) -> np.ndarray:
    """The ground-truth boxes of an image.

    Args:
        sample: Prediction with ``loc_boxes``, ``ori_shape`` and ``img_path``.

    Returns:
        Boxes in pixels of the original image, (n, 4), n > 0.

    Raises:
        ValueError: If the image has no ground-truth box, or one reversed or outside.
    """
    if sample.get('loc_masks'):
        raise ValueError(
            f'{sample["img_path"]} has masks, by which mmccam.PxAP measures, and no '
            'boxes, which this metric needs'
        )
    boxes = np.asarray(sample.get('loc_boxes', ()))
    height, width = sample['ori_shape']
    if len(boxes) == 0:
        raise ValueError(
            f'{sample.get("img_path", "an image")} has no ground-truth box'
        )
    first, last = boxes[:, :2], boxes[:, 2:]
    if not ((0 <= first) & (first <= last) & (last <= [width, height])).all():
        raise ValueError(
            f'{sample["img_path"]} has {width} x {height} pixels, '
            f'but a ground-truth box reversed or outside: {boxes.tolist()}'
        )
    return boxes
