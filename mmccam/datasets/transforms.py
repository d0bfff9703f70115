"""Load images in the pixels that their boxes are in, and cut crops out of them."""

from pathlib import Path
from typing import Optional, Union

import mmcv
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from mmpretrain.datasets.transforms import ResizeEdge
from mmpretrain.structures import DataSample

from ..pixels import read_rgb
from ..registry import TRANSFORMS
from .files import read_lines

# So many unreadable images one after the other mean a lost disk.
MOST_IN_A_ROW = 100


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Load an image in the pixels that its boxes are in, in 8-bit colors.

    The EXIF orientation is ignored and an animation is its first frame. Of 16 bits the
    upper 8 count, and what is transparent lies on a canvas of ImageNet's mean. Images
    that a data set has loaded itself stay as they are.

    Args:
        unreadable: Text file that collects the images which cannot be read. Such an
            image gives no sample, so that mmengine chooses another one at random. It
            does so only in training. Defaults to none: they are errors.
    """

    def __init__(self, unreadable: Optional[str] = None) -> None:
        self.unreadable = unreadable
        self._noted: set[str] = set()
        self._in_a_row = 0

    def transform(self, results: dict) -> Optional[dict]:
        """Load ``img``, (H, W, 3), uint8, BGR, from ``img_path`` unless it is there.

        The sample also gets ``img_shape`` and ``ori_shape``, (H, W). An image that
        cannot be read is None if it is noted in ``unreadable``; else, and if it is the
        100th in a row, it is a ValueError.
        """
        if 'img' in results:
            image = results['img']
        else:
            try:
                image = read_rgb(results['img_path'])[..., ::-1]
            except ValueError as error:
                self._in_a_row += 1
                if self.unreadable is None or self._in_a_row == MOST_IN_A_ROW:
                    raise
                self._note(results['img_path'], str(error))
                return None
            self._in_a_row = 0
        shape = image.shape[:2]
        return dict(results, img=image, img_shape=shape, ori_shape=shape)

    def _note(self, path: str, reason: str) -> None:
        """Append a line to the file and to the log, once in each process."""
        if path in self._noted:
            return
        self._noted.add(path)
        reason = ' '.join(reason.split())
        # Unbuffered: processes share the file, and one write is one line.
        with open(self.unreadable, 'ab', buffering=0) as file:
            file.write(f'{path}\t{reason}\n'.encode())
        logger = MMLogger.get_current_instance()
        logger.warning(f'{reason}; another image takes its place')


@TRANSFORMS.register_module()
class ScoreCrops(BaseTransform):
    """Resize an image by its shorter side and cut out the centre, or ten crops.

    A ``mmccam.TwoViewClassifier`` ranks the classes on them, while maps are of the
    whole image. With that type of model, mmccam's tools place it behind the transform
    that loads the image. In other programs, the pipeline must have it there, and the
    ``algorithm_keys`` of ``PackInputs`` must list ``score_crops``.

    Args:
        num_crops: 1 for the centre; 10 for the corners, the centre, and all of them
            flipped.
        edge: Length of the shorter side in pixels.
        side: Side of the crops in pixels, at most ``edge``.

    Raises:
        ValueError: If a number is not one of these.
    """

    def __init__(self, num_crops: int = 1, edge: int = 256, side: int = 224) -> None:
        if num_crops not in (1, 10):
            raise ValueError(f'num_crops must be 1 or 10, got {num_crops}')
        if not 0 < side <= edge:
            raise ValueError(f'side must lie between 1 and edge {edge}, got {side}')
        self.num_crops = num_crops
        self.side = side
        self.resize = ResizeEdge(edge, backend='pillow')

    def transform(self, results: dict) -> dict:
        """Add ``score_crops``, (num_crops, 3, side, side), uint8; ``img`` stays."""
        image = self.resize(dict(img=results['img']))['img']
        bottom, right = (extent - self.side for extent in image.shape[:2])
        starts = [(round(bottom / 2), round(right / 2))]
        if self.num_crops == 10:
            starts += [(y, x) for y in (0, bottom) for x in (0, right)]
        crops = np.stack([image[y:, x:][: self.side, : self.side] for y, x in starts])
        if self.num_crops == 10:
            crops = np.concatenate([crops, crops[:, :, ::-1]])
        crops = torch.from_numpy(crops.transpose(0, 3, 1, 2).copy())
        return dict(results, score_crops=crops)


def count_unreadable(path: Union[str, Path]) -> int:
    """Count the images that ``LoadImage`` has noted in a file, if it exists."""
    if not Path(path).exists():
        return 0
    return len({line.partition('\t')[0] for _, line in read_lines(path)})


def read_image(sample: Union[DataSample, dict], dataset: BaseDataset) -> np.ndarray:
    """Read the image of a sample, (H, W, 3), uint8, RGB, as it is stored."""
    path = sample.get('img_path')
    if path is None:
        return mmcv.bgr2rgb(dataset.get_data_info(sample.get('sample_idx'))['img'])
    return read_rgb(path)
