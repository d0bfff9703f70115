"""Read images in batches, ahead of the network."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Optional

import cv2
import numpy as np

from ..datasets.loading import LoadImage
from .inputs import Image

# Batches of images that are in memory: one in the network, one that is read meanwhile.
BATCHES_AT_ONCE = 2


@dataclass
class Loaded:
    """An image on its way to the network.

    Args:
        info: ``img_path``, and ``error`` if it cannot be read.
        bgr: Its pixels, (H, W, 3), uint8, BGR; None if it cannot be read.
        packed: What the network takes; None if it cannot be read.
    """

    info: dict[str, Any]
    bgr: Optional[np.ndarray] = None
    packed: Optional[dict] = None


def read_batches(
    images: Iterable[Image],
    batch_size: int,
    pipeline: Callable[[dict], dict],
    skip_unreadable: bool,
) -> Iterator[list[Loaded]]:
    """Read batches of images in threads, one ahead of the one that is asked for.

    Args:
        images: Paths and arrays.
        batch_size: How many images a batch has; the last may have fewer.
        pipeline: Transforms of a sample with ``img``, (H, W, 3), uint8, BGR.
        skip_unreadable: Whether an image that cannot be read is passed on as such.

    Raises:
        ValueError: If an image cannot be read.
    """
    images = iter(images)
    pending: deque[list[Future]] = deque()
    with ThreadPoolExecutor() as pool:
        while True:
            batch = list(islice(images, batch_size))
            if batch:
                load = partial(pool.submit, _load, pipeline, skip_unreadable)
                pending.append([load(image) for image in batch])
            if not pending:
                return
            if not batch or len(pending) == BATCHES_AT_ONCE:
                yield [future.result() for future in pending.popleft()]


def _load(
    pipeline: Callable[[dict], dict], skip_unreadable: bool, image: Image
) -> Loaded:
    if isinstance(image, str):
        info = dict(img_path=image)
    else:
        gray = image.ndim == 2
        bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if gray else image
        info = dict(img_path=None, img=bgr)
    try:
        sample = LoadImage()(info)
    except ValueError as error:
        if not skip_unreadable:
            raise
        return Loaded(dict(info, error=str(error)))
    info.pop('img', None)
    return Loaded(info, sample['img'], pipeline(sample))
