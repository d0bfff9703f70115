import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from PIL import Image

from mmccam import CCAMInferencer

CLASSES = ('cat', 'dog', 'emu')


@pytest.fixture(scope='session')
def cfg():
    """A network of three classes for images of 16 pixels, with maps of 8 x 8."""
    cams = dict(
        cam=dict(type='mmccam.TopBottom', i=1, j=0),
        ccam=dict(type='mmccam.Polynomial', degree=2),
    )
    stages = dict(depth=11, num_stages=2, non_local_stages=(2,))
    head = dict(type='mmccam.GAPClsHead', num_classes=3, in_channels=128, cams=cams)
    model = dict(
        type='ImageClassifier',
        data_preprocessor=dict(mean=[0, 0, 0], std=[255, 255, 255]),
        backbone=dict(type='mmccam.NonLocalVGG', **stages),
        head=head,
    )
    pipeline = [
        dict(type='mmccam.LoadImage'),
        dict(type='Resize', scale=(16, 16), backend='pillow'),
        dict(type='PackInputs'),
    ]
    loader = dict(dataset=dict(pipeline=pipeline))
    return Config(dict(model=model, test_dataloader=loader))


@pytest.fixture(scope='session')
def checkpoint(cfg, tmp_path_factory):
    """Its checkpoint, as mmengine saves it."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.copy().model)
    path = tmp_path_factory.mktemp('checkpoint') / 'small.pth'
    meta = dict(cfg=cfg.pretty_text, dataset_meta=dict(classes=CLASSES))
    torch.save(dict(meta=meta, state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope='session')
def inferencer(checkpoint):
    return CCAMInferencer(pretrained=checkpoint)


@pytest.fixture
def images(tmp_path):
    """A folder with five images of different sizes in two subfolders."""
    folder = tmp_path / 'images'
    generator = np.random.default_rng(0)
    for number in range(5):
        size = (20 + 4 * number, 30 - 2 * number, 3)
        path = folder / 'ab'[number % 2] / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, size, np.uint8)).save(path)
    (folder / 'notes.txt').write_text('no image')
    return folder
