"""Configs with mistakes, refused when their parts are built."""

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator

from mmccam.registry import DATASETS, MODELS

CCAM = 'model.head.cams.ccam'
METRIC = 'test_evaluator.1'  # the localization of the CCAM
MODEL_MISTAKES = {
    'a negative degree': (
        {f'{CCAM}.degree': -1},
        'degree must be 0 or more, got -1',
    ),
    'a degree that is no number': (
        {f'{CCAM}.degree': float('nan')},
        'degree must be 0 or more, got nan',
    ),
    'p outside of the classes': (
        {f'{CCAM}.p': 12},
        'p must lie between 1 and the number of classes 12, got 12',
    ),
    'more classes to combine than there are': (
        {CCAM: dict(_delete_=True, type='mmccam.TopBottom', i=3, j=10)},
        'i + j must be at most the number of classes 12, got i=3, j=10',
    ),
    'nothing to combine': (
        {CCAM: dict(_delete_=True, type='mmccam.TopBottom', i=0, j=0)},
        'i and j must be 0 or more and not both 0, got i=0, j=0',
    ),
    'one class': (
        {'model.head.num_classes': 1},
        'a combination of maps needs at least 2 classes, got 1',
    ),
    'a depth that no VGG has': (
        {'model.backbone.depth': 12},
        'depth must be one of [11, 13, 16, 19], got 12',
    ),
    'no stage': (
        {'model.backbone.num_stages': 0},
        'num_stages must be 1 to 5, got 0',
    ),
    'a block behind the last stage': (
        {'model.backbone.non_local_stages': (3, 5)},
        'non_local_stages must lie between 1 and 4, got 5',
    ),
    'a block before the first stage': (
        {'model.backbone.non_local_stages': (0,)},
        'non_local_stages must lie between 1 and 4, got 0',
    ),
    'an output behind the last stage': (
        {'model.backbone.out_indices': (4,)},
        'out_indices must lie between 0 and 3, got 4',
    ),
    'no reduction': (
        {'model.backbone.reduction': 0},
        'reduction must lie between 1 and the number of channels 256, got 0',
    ),
    'a reduction to less than a channel': (
        {'model.backbone.reduction': 300},
        'reduction must lie between 1 and the number of channels 256, got 300',
    ),
}
METRIC_MISTAKES = {
    'a threshold of 100 %': (
        dict(type='mmccam.CCAMLocalizationMetric', cam='ccam', threshold=1),
        'threshold must be at least 0 and below 1, got 1',
    ),
    'a threshold in percent': (
        dict(type='mmccam.CCAMLocalizationMetric', cam='ccam', threshold=20),
        'threshold must be at least 0 and below 1, got 20',
    ),
    'a box rule that nobody knows': (
        dict(type='mmccam.LocalizationErrors', cam='ccam', box_rule='largest'),
        'there is no box rule "largest", only ',
    ),
    'no overlap': (
        dict(type='mmccam.CCAMLocalizationMetric', cam='ccam', iou=0),
        'iou must lie above 0 and be at most 1, got 0',
    ),
    'an overlap in percent': (
        dict(type='mmccam.MaxBoxAcc', cam='ccam', ious=(0.5, 70)),
        'iou must lie above 0 and be at most 1, got 70',
    ),
    'contours that nobody knows': (
        dict(type='mmccam.MaxBoxAcc', cam='ccam', contours='outer'),
        'contours must be "largest", "all" or "both", got "outer"',
    ),
    'one step for all thresholds': (
        dict(type='mmccam.MaxBoxAcc', cam='ccam', step=1),
        'step must lie between 0 and 1, got 1',
    ),
    'steps of nothing': (
        dict(type='mmccam.PxAP', cam='ccam', step=0),
        'step must lie between 0 and 1, got 0',
    ),
    'fewer than no pictures': (
        dict(type='mmccam.LocalizationErrors', cam='ccam', num_examples=-1),
        'num_examples must be 0 or more, got -1',
    ),
}


@pytest.mark.parametrize('mistake', MODEL_MISTAKES)
def test_a_wrong_model_is_refused(demo_config, mistake):
    options, message = MODEL_MISTAKES[mistake]
    cfg = Config(demo_config.to_dict())
    cfg.merge_from_dict(options)

    with torch.device('meta'), pytest.raises(ValueError) as error:
        MODELS.build(cfg.model)

    assert str(error.value) == message


@pytest.mark.parametrize('mistake', METRIC_MISTAKES)
def test_a_wrong_metric_is_refused(mistake):
    config, message = METRIC_MISTAKES[mistake]

    with pytest.raises(ValueError) as error:
        Evaluator([config])

    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(num_classes=3),
            'num_classes must be 2, the number of classes in {root}/classes.txt, got 3',
        ),
        (
            dict(data_root='nowhere'),
            'there is no nowhere/classes.txt, so that num_classes must be given',
        ),
        (
            dict(metadata='annotations'),
            'there is no file {root}/annotations/test/image_ids.txt',
        ),
        (
            dict(images='pictures'),
            '{root}/metadata/test/image_ids.txt, line 1: there is no file '
            '"{root}/pictures/test/a.png"',
        ),
        (dict(type='mmccam.ILSVRC'), "split must be one of train, val, got 'test'"),
        (
            dict(type='mmccam.StanfordCars', split='val'),
            "split must be one of train, test, got 'val'",
        ),
        (
            dict(type='mmccam.StanfordDogs', split='val'),
            "split must be one of train, test, got 'val'",
        ),
        (
            dict(type='mmccam.STL10', split='unlabeled'),
            "split must be one of train, test, got 'unlabeled'",
        ),
    ],
)
def test_a_wrong_data_set_is_refused(root, configs, changes, message):
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        DATASETS.build(dict(configs['test'], **changes))

    assert str(error.value) == message.format(root=root)
