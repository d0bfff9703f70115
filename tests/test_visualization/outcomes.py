"""What a metric of errors has found, in images that are in no file."""

import numpy as np

from mmccam.evaluation import LocalizationErrors
from mmccam.evaluation.metric import ERRORS, Outcome
from mmccam.visualization.sheet import ROWS

BLUE = np.full((20, 40, 3), (250, 0, 0), np.uint8)  # BGR


class Images:
    """A data set of two blue images."""

    def __init__(self, classes=('cat', 'dog')):
        self.metainfo = dict(classes=classes) if classes else {}

    def __len__(self):
        return 2

    def get_data_info(self, index):
        return dict(sample_idx=index, img=BLUE)


def outcome(image=None, kind='too_small', labels=(1, 1), overlap=0.3):
    image = image or dict(sample_idx=12)
    cam, truth = np.eye(4, dtype=np.float32), np.array([[0, 0, 19, 9]], np.float32)
    return Outcome(kind, overlap, (0, 0, 9, 9), truth, *labels, image, cam)


def metric_of(prefix='ccam', **examples):
    """A metric that has found some outcomes."""
    metric = LocalizationErrors('ccam', prefix=prefix)
    metric.examples = {**dict.fromkeys((*ROWS, *ERRORS), ()), **examples}
    return metric
