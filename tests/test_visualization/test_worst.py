from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.visualization import Visualizer

from mmccam.evaluation import CCAMLocalizationMetric, LocalizationErrors
from mmccam.evaluation.errors import Outcome
from mmccam.registry import HOOKS
from mmccam.visualization import worst

CAM = np.eye(4, dtype=np.float32)
TRUE = np.array([[0, 0, 19, 9]], np.float32)
BLUE = np.full((20, 40, 3), (250, 0, 0), np.uint8)  # BGR


@pytest.fixture
def hook():
    return HOOKS.build(dict(type='mmccam.WorstImagesHook'))


@pytest.fixture
def photo(tmp_path):
    """A blue image in a file."""
    path = tmp_path / 'photo.png'
    cv2.imwrite(str(path), BLUE)
    return dict(sample_idx=0, img_path=str(path))


def outcome(image, kind='too_small', labels=(1, 1)):
    return Outcome(kind, 0.3, (0, 0, 9, 9), TRUE, *labels, image, CAM)


class Images:
    """A data set whose images are in no file."""

    def __init__(self, classes):
        self.metainfo = dict(classes=classes) if classes else {}

    def get_data_info(self, index):
        return dict(sample_idx=index, img=BLUE)


@pytest.fixture
def draw(hook, tmp_path):
    """Run the hook on metrics, and find what it has written."""

    def draw(*metrics, classes=('cat', 'dog')):
        runner = SimpleNamespace(
            test_evaluator=Evaluator(metrics),
            test_dataloader=SimpleNamespace(dataset=Images(classes)),
            visualizer=Visualizer(
                vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path)
            ),
        )
        hook.after_test_epoch(runner)
        return sorted(Path(tmp_path, 'vis_data', 'vis_image').glob('**/*'))

    return draw


def metric_of(*outcomes, **arguments):
    """A metric that has found these outcomes, by kind."""
    metric = LocalizationErrors('ccam', **arguments)
    for found in outcomes:
        metric.worst.setdefault(found.kind, []).append(found)
    return metric


def test_pictures_are_sorted_by_map_kind_and_rank(draw, photo):
    strict = metric_of(outcome(photo, 'class_wrong'), prefix='strict')
    metric = metric_of(outcome(photo), outcome(photo, 'too_large'), outcome(photo))
    assert [path.name for path in draw(strict, metric)] == [
        'worst_ccam_too_large_01_photo_0.png',
        'worst_ccam_too_small_01_photo_0.png',
        'worst_ccam_too_small_02_photo_0.png',
        'worst_strict_class_wrong_01_photo_0.png',
    ]


def test_nothing_is_drawn_without_errors(draw):
    assert draw(metric_of()) == []


def test_other_metrics_are_passed_over(draw, photo):
    paths = draw(CCAMLocalizationMetric('ccam'), metric_of(outcome(photo)))
    assert len(paths) == 1


def test_image_without_a_file_comes_from_the_data_set(draw):
    (path,) = draw(metric_of(outcome(dict(sample_idx=12))))
    assert path.name == 'worst_ccam_too_small_01_00012_0.png'


@pytest.mark.parametrize('in_file', [True, False])
def test_picture_shows_the_image_in_its_colours(draw, photo, in_file):
    image = photo if in_file else dict(sample_idx=0)
    (path,) = draw(metric_of(outcome(image)))
    picture = cv2.imread(str(path))
    # Enlarged to two panels of 320 x 160 under the title; far from all boxes.
    assert picture.shape == (28 + 160, 320 + 8 + 320, 3)
    assert picture[28 + 120, 240] == pytest.approx([250, 0, 0], abs=3)


@pytest.mark.parametrize(
    ('labels', 'classes', 'title'),
    [
        ((1, 1), ('cat', 'dog'), 'too small, IoU 0.30: dog'),
        ((0, 1), ('cat', 'dog'), 'too small, IoU 0.30: cat → dog'),
        ((0, 1), None, 'too small, IoU 0.30: 0 → 1'),
    ],
)
def test_title(monkeypatch, draw, photo, labels, classes, title):
    titles = []

    def draw_localization(*arguments):
        titles.append(arguments[-1])
        return BLUE

    monkeypatch.setattr(worst, 'draw_localization', draw_localization)
    draw(metric_of(outcome(photo, labels=labels)), classes=classes)
    assert titles == [title]


def test_long_title_is_not_cut_off(draw, photo):
    (path,) = draw(metric_of(outcome(photo)), classes=('cat', 'DOG ' * 30))
    title = cv2.imread(str(path))[:28]
    assert title.shape[1] > 648
    assert (title[:, -10:] == 255).all()


@pytest.mark.parametrize(
    ('metric', 'warnings'), [(CCAMLocalizationMetric, 1), (LocalizationErrors, 0)]
)
def test_warning_where_the_metric_is_missing(hook, metric, warnings):
    logger = Mock()
    evaluator = Evaluator([metric('ccam')])
    hook.before_test(SimpleNamespace(test_evaluator=evaluator, logger=logger))
    messages = [call.args[0] for call in logger.warning.call_args_list]
    assert len(messages) == warnings
    assert all('needs mmccam.LocalizationErrors' in message for message in messages)
