"""Keep images as they are after loading and resizing, so that each is decoded once."""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform, Compose

from ..registry import TRANSFORMS


@TRANSFORMS.register_module()
class CachedImage(BaseTransform):
    """Load and resize an image, or read its pixels from a folder that has them.

    Nearly all the time of a training pipeline goes into decoding large images and
    making them small, in each epoch anew. The folder keeps the small ones, H * W * 3
    bytes each, without compression, so that pixels are exact. An image is made anew if
    its path, size, time of modification or the transforms' configs change, but not if
    a library decodes in another way. Processes may share a folder. Nothing in it is
    ever deleted.

    Of what the transforms give only ``img``, ``img_shape`` and ``ori_shape`` are taken,
    with or without a folder; the other fields of the sample stay as they are. Images
    that are no local files are not kept.

    Args:
        transforms: Configs of transforms that load and resize. What is left to chance,
            like crop and flip, belongs behind this transform.
        folder: Where the images are kept. Defaults to none: they are not kept.
    """

    def __init__(self, transforms: list[dict], folder: Optional[str] = None) -> None:
        self.transforms = Compose(transforms)
        self.folder = folder
        # Where unreadable images are noted changes no pixel.
        steps = [{**step, 'unreadable': None} for step in transforms]
        self.config = json.dumps(steps, sort_keys=True, default=str)

    def transform(self, results: dict) -> Optional[dict]:
        """Give the sample its image.

        Args:
            results: Sample with ``img_path`` or ``img``, (H, W, 3), uint8, BGR.

        Returns:
            The sample with ``img`` and its ``img_shape`` and ``ori_shape``, (H, W).
            None if one of the transforms gives None.

        Raises:
            OSError: If the image cannot be kept in the folder.
        """
        path = self._path(results)
        loaded = _read(path) if path else None
        if loaded is None:
            loaded = self.transforms(dict(results))
            if loaded is None:
                return None
            if path:
                self._write(path, loaded)
        image, shape = loaded['img'], loaded['ori_shape']
        return dict(results, img=image, img_shape=image.shape[:2], ori_shape=shape)

    def _path(self, results: dict) -> Optional[str]:
        if not self.folder or 'img' in results:
            return None
        image = os.path.abspath(results['img_path'])
        try:
            stat = os.stat(image)
        except OSError:  # to load it says more
            return None
        key = json.dumps([image, stat.st_size, stat.st_mtime_ns, self.config])
        name = hashlib.sha256(key.encode()).hexdigest()
        return os.path.join(self.folder, name[:2], f'{name}.npy')

    def _write(self, path: str, loaded: dict) -> None:
        temporary = f'{path}.{uuid.uuid4().hex}'
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(temporary, 'xb') as file:
                np.save(file, loaded['img'])
                np.save(file, loaded['ori_shape'])
            os.replace(temporary, path)
        except OSError as error:
            message = f'cannot keep images in the folder {self.folder}: {error}'
            raise OSError(message) from error
        finally:
            with suppress(OSError):
                os.remove(temporary)


def _read(path: str) -> Optional[dict]:
    try:
        with open(path, 'rb') as file:
            image, shape = (np.load(file, allow_pickle=False) for _ in range(2))
    except (FileNotFoundError, ValueError, EOFError):  # missing or incomplete
        return None
    return dict(img=image, ori_shape=tuple(shape.tolist()))
