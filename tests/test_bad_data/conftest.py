from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmccam.registry import DATASETS

CONFIG = Path(__file__).parents[2] / 'configs/nlccam_demo.py'
SPLITS = ('train', 'val', 'test')
FILES = dict(
    image_ids='{0}/a.png\n{0}/b.png\n',
    class_labels='{0}/a.png,0\n{0}/b.png,1\n',
    image_sizes='{0}/a.png,8,6\n{0}/b.png,8,6\n',
    localization='{0}/a.png,0,0,7,5\n{0}/b.png,1,2,3,4\n{0}/b.png,0,0,8,6\n',
)


@pytest.fixture
def root(tmp_path):
    """Two classes, and two images of 8 x 6 pixels in each split."""
    (tmp_path / 'classes.txt').write_text('red fish\nblue fish\n')
    for split in SPLITS:
        for name in 'ab':
            path = tmp_path / f'images/{split}/{name}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(path)
        metadata = tmp_path / 'metadata' / split
        metadata.mkdir(parents=True)
        for name, text in FILES.items():
            (metadata / f'{name}.txt').write_text(text.format(split))
    return tmp_path


@pytest.fixture(scope='session')
def demo_config():
    return Config.fromfile(CONFIG)


@pytest.fixture
def configs(demo_config, root):
    """The data sets of a config, as the tools read it, on these images."""
    return {
        split: dict(demo_config[f'{split}_dataloader'].dataset, data_root=str(root))
        for split in SPLITS
    }


@pytest.fixture
def build(configs):
    """Build the data set of a split, with its pipeline, as a runner does."""

    def build(split='test'):
        # To serialize a few samples takes mmengine most of the time of a test.
        return DATASETS.build(dict(configs[split], serialize_data=False))

    return build
