"""Read the image that a sample was made of."""

from typing import Union

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.structures import DataSample

from ..datasets.loading import read_rgb


def read_image(sample: Union[DataSample, dict], dataset: BaseDataset) -> np.ndarray:
    """Read an image in the pixels that its boxes are in.

    Args:
        sample: Sample with ``img_path`` or, if its data set has no files,
            ``sample_idx``.
        dataset: Data set of the sample.

    Returns:
        Image, (H, W, 3), uint8, RGB.
    """
    path = sample.get('img_path')
    if path is None:
        return mmcv.bgr2rgb(dataset.get_data_info(sample.get('sample_idx'))['img'])
    return read_rgb(path)
