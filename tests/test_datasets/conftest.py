from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmccam.registry import DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture
def write_image():
    """Write a black image of so many pixels."""

    def write(path, width, height):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))

    return write


@pytest.fixture
def build_from_config():
    """Build a data set of a config, with its pipeline, on another folder."""

    def build(name, root, mode='test', **kwargs):
        cfg = Config.fromfile(CONFIGS / f'{name}.py')[f'{mode}_dataloader'].dataset
        return DATASETS.build(dict(cfg, data_root=str(root), **kwargs))

    return build
