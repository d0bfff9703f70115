from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from mmengine.evaluator import Evaluator
from mmengine.visualization import Visualizer

from mmccam.evaluation import CCAMLocalizationMetric, LocalizationErrors
from mmccam.registry import HOOKS


@pytest.fixture
def hook():
    return HOOKS.build(dict(type='mmccam.WorstImagesHook'))


@pytest.fixture
def draw(hook, images, tmp_path):
    """Run the hook on metrics, and find the names of what it has written."""

    def draw(*metrics, split='test', epoch=3):
        visualizer = Visualizer(
            vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path)
        )
        parts = {
            f'{split}_evaluator': Evaluator(metrics),
            f'{split}_dataloader': SimpleNamespace(dataset=images()),
        }
        runner = SimpleNamespace(visualizer=visualizer, epoch=epoch, **parts)
        getattr(hook, f'after_{split}_epoch')(runner)
        return sorted(path.name for path in Path(tmp_path).rglob('vis_image/**/*.png'))

    return draw


def test_pictures_are_sorted_by_map_kind_and_rank(draw, metric_of, outcome, photo):
    strict = metric_of(
        dict(class_wrong=[outcome(photo, 'class_wrong')]), prefix='a/strict'
    )
    small, large = [outcome(photo), outcome(photo)], [outcome(photo, 'too_large')]
    metric = metric_of(dict(too_small=small, too_large=large))
    assert draw(strict, metric) == [
        'sheet_a_strict_0.png',
        'sheet_ccam_0.png',
        'worst_a_strict_class_wrong_01_photo_0.png',
        'worst_ccam_too_large_01_photo_0.png',
        'worst_ccam_too_small_01_photo_0.png',
        'worst_ccam_too_small_02_photo_0.png',
    ]


def test_validation_leaves_the_sheet_of_its_epoch(draw, metric_of, outcome):
    metric = metric_of(dict(too_small=[outcome()], worst=[outcome()]))
    assert draw(metric, split='val') == ['sheet_ccam_3.png']


@pytest.mark.parametrize('split', ['val', 'test'])
def test_other_metrics_are_passed_over(draw, split):
    assert draw(CCAMLocalizationMetric('ccam'), split=split) == []


def test_image_without_a_file_comes_from_the_data_set(draw, metric_of, outcome):
    names = draw(metric_of(dict(too_small=[outcome(dict(sample_idx=12))])))
    assert names[1:] == ['worst_ccam_too_small_01_00012_0.png']


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
