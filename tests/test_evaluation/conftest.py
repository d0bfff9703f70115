import numpy as np
import pytest
import torch
from drawing import BOX, HEIGHT, WIDTH
from four_images import read_split, write_images
from mmengine.logging import MMLogger

from mmccam.evaluation import box_rule
from mmccam.registry import FUNCTIONS


@pytest.fixture
def log(caplog):
    """The warnings of mmengine, whose loggers pass nothing on to Python's root."""
    logger = MMLogger.get_current_instance()
    caplog.handler.setLevel('WARNING')
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def share():
    """A user's own box rule: as many columns as the threshold says, of all rows."""

    @box_rule('share', threshold=0.6)
    def share(cam, size, thresholds):
        width, height = size
        return [(0, 0, width * t - 1, height - 1) for t in thresholds]

    yield
    FUNCTIONS.module_dict.pop('share')


@pytest.fixture(scope='session')
def root(tmp_path_factory):
    """The folder of the four images, without metadata."""
    root = tmp_path_factory.mktemp('data')
    write_images(root)
    return root


@pytest.fixture(scope='session')
def dataset(root):
    """The four images, each with the same box."""
    return read_split(root, 'boxes', ','.join(map(str, BOX)))


@pytest.fixture
def predict(dataset):
    """Make a prediction for one of the four images."""

    def predict(number, true_map, top=None, top_map=None, scores=(0.7, 0.2, 0.1)):
        info = dataset.get_data_info(number)
        label = info['gt_label']
        top = label if top is None else top
        maps = [true_map if top == label else top_map, true_map]
        return dict(
            info,
            ori_shape=(HEIGHT, WIDTH),
            gt_label=torch.tensor([label]),
            pred_score=torch.tensor(scores),
            cam_labels=torch.tensor([top, label]),
            cams=dict(cam=torch.tensor(np.stack(maps))),
        )

    return predict
