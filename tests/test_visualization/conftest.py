import cv2
import numpy as np
import pytest

from mmccam.evaluation import LocalizationErrors
from mmccam.evaluation.metric import ERRORS, Outcome
from mmccam.visualization.sheet import ROWS

BLUE = np.full((20, 40, 3), (250, 0, 0), np.uint8)  # BGR


class Images:
    """A data set of two blue images that are in no file."""

    def __init__(self, classes=('cat', 'dog')):
        self.metainfo = dict(classes=classes) if classes else {}

    def __len__(self):
        return 2

    def get_data_info(self, index):
        return dict(sample_idx=index, img=BLUE)


@pytest.fixture(scope='session')
def images():
    return Images


@pytest.fixture
def photo(tmp_path):
    """A blue image in a file."""
    path = tmp_path / 'photo.png'
    cv2.imwrite(str(path), BLUE)
    return dict(sample_idx=0, img_path=str(path))


@pytest.fixture(scope='session')
def outcome():
    def outcome(image=None, kind='too_small', labels=(1, 1), overlap=0.3):
        image = image or dict(sample_idx=12)
        cam, truth = np.eye(4, dtype=np.float32), np.array([[0, 0, 19, 9]], np.float32)
        return Outcome(kind, overlap, (0, 0, 9, 9), truth, *labels, image, cam)

    return outcome


@pytest.fixture(scope='session')
def metric_of():
    """Make a metric that has found some outcomes."""

    def metric_of(prefix='ccam', **examples):
        metric = LocalizationErrors('ccam', prefix=prefix)
        metric.examples = {**dict.fromkeys((*ROWS, *ERRORS), ()), **examples}
        return metric

    return metric_of
