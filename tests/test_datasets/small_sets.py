"""Data sets of black images, built from the configs."""

from functools import cache
from pathlib import Path

from mmengine.config import Config
from PIL import Image

from mmccam.registry import DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs'


@cache
def read_config(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


def write_image(path, width=8, height=6):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (width, height)).save(path)


def build_from_config(name, root, mode='test', **kwargs):
    """Build a data set of a config, with its pipeline, on another folder."""
    cfg = read_config(name)[f'{mode}_dataloader'].dataset
    return DATASETS.build(dict(cfg, data_root=str(root), **kwargs))
