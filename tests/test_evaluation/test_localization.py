from unittest.mock import Mock

import numpy as np
import pytest
import torch
from drawing import BOX, FAR, draw
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample
from predictions import evaluate, sample_of

from mmccam.evaluation import BoxMetric, CCAMLocalizationMetric
from mmccam.map_boxes import BoxRule

SIX_CLASSES = [0.30, 0.25, 0.20, 0.15, 0.08, 0.02]  # ranked 0, 1, ... 5


def predict(label, cam, scores=SIX_CLASSES, boxes=(BOX,), **more):
    """A prediction for an image with a true box, BOX."""
    labels = torch.tensor([label])
    more = dict(dict(gt_label=labels, cam_labels=labels), **more)
    return sample_of(cam, boxes, (30, 20), pred_score=torch.tensor(scores), **more)


def test_accuracies():
    right, wrong = draw(BOX), draw(FAR)
    samples = [
        predict(0, right),  # rank 1
        predict(0, wrong),
        predict(4, right),  # rank 5
        predict(5, right),  # rank 6
        # The most probable class has the right box, the true class has not.
        predict(
            1,
            wrong,
            cam_labels=torch.tensor([0, 1]),
            cams=dict(cam=torch.from_numpy(np.stack([right, wrong]))),
        ),
    ]
    # Of 5 images: the first; the first and third; these and the fourth.
    assert evaluate('CCAMLocalizationMetric', samples) == pytest.approx(
        dict(top1_loc=20, top5_loc=40, gt_known_loc=60, threshold=0.2)
    )


def test_few_classes():
    # All of three classes are among the first five; of equal ones the lower is first.
    for label, scores, top1_loc in (
        (2, [0.5, 0.3, 0.2], 0),
        (1, [0.2, 0.4, 0.4], 100),
        (2, [0.2, 0.4, 0.4], 0),
    ):
        values = evaluate('CCAMLocalizationMetric', [predict(label, draw(BOX), scores)])
        assert (values['top1_loc'], values['top5_loc']) == (top1_loc, 100)


def test_without_class_scores_the_class_is_known():
    sample = sample_of(draw(BOX), [BOX])
    values = evaluate('CCAMLocalizationMetric', [sample])
    assert values == dict(gt_known_loc=100, threshold=0.2)
    assert evaluate('LocalizationErrors', [sample])['right'] == 1


# Two columns on 30 pixels, from 0 at x = 7 to 1 at x = 22: at least 0.5 from x = 14.5
# on. With width and height confused it would begin at 10.
RIGHT_HALF = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
JOINED = draw(BOX, beside=0.3)  # joins the box on its left


@pytest.mark.parametrize(
    ('cam', 'box', 'arguments', 'values'),
    [
        (RIGHT_HALF, (15, 0, 29, 19), dict(threshold=0.5, iou=1), (100, 0.5)),
        # 25 x 20 pixels: 200 of 500.
        (JOINED, BOX, dict(threshold=0.25), (0, 0.25)),
        (JOINED, BOX, {}, (0, 0.2)),
        (JOINED, BOX, dict(iou=0.4), (100, 0.2)),
    ],
)
def test_rule_threshold_and_overlap(cam, box, arguments, values):
    sample = sample_of(cam, [box], (30, 20))
    accuracies = evaluate('CCAMLocalizationMetric', [sample], **arguments)
    assert tuple(accuracies.values()) == values


@pytest.fixture
def calls(monkeypatch):
    """Count the boxes that are made."""
    calls, make = Mock(return_value=None), BoxRule.__call__
    monkeypatch.setattr(BoxRule, '__call__', lambda *args: calls() or make(*args))
    return calls


def test_metrics_side_by_side(calls):
    sample = predict(0, draw(BOX))
    sample['cams']['other'] = torch.tensor(draw(FAR))[None]
    accuracy = dict(type='mmccam.CCAMLocalizationMetric')
    errors = dict(type='mmccam.LocalizationErrors')
    metrics = [
        dict(accuracy, map_name='cam'),
        dict(errors, cam='cam'),
        dict(accuracy, cam='cam', box_rule='cam', threshold=0.2, prefix='same'),
        dict(accuracy, cam='other'),
        dict(accuracy, cam='cam', iou=0.9, prefix='strict'),
        dict(accuracy, cam='cam', threshold=0.3, prefix='higher'),
    ]
    evaluator = Evaluator(metrics)
    evaluator.process([DataSample(**sample)])
    values = evaluator.evaluate(1)
    assert values['cam/right'] == 1
    for prefix in ('cam', 'same', 'other', 'strict', 'higher'):
        accuracy, threshold = (
            values[f'{prefix}/{x}'] for x in ('top1_loc', 'threshold')
        )
        assert accuracy == (0 if prefix == 'other' else 100)
        assert threshold == (0.3 if prefix == 'higher' else 0.2)
    # The first three share one box.
    assert calls.call_count == 4


def test_shared_error_is_raised_by_each_metric(calls):
    sample = predict(0, draw(BOX), boxes=[])
    for name in ('CCAMLocalizationMetric', 'LocalizationErrors'):
        with pytest.raises(ValueError, match='bird.jpg has no true box'):
            evaluate(name, [sample])
    assert calls.call_count == 1


def test_own_metric_of_boxes():
    class MeanOverlap(BoxMetric):
        def summarize(self, records):
            return dict(mean=np.mean([outcome.overlap for outcome in records]))

    samples = [predict(0, draw(BOX)), predict(0, draw(FAR))]
    assert evaluate(MeanOverlap('cam'), samples) == dict(mean=0.5)


@pytest.mark.parametrize('iou', [0, 1.5])
def test_wrong_overlap(iou):
    with pytest.raises(ValueError, match=f'iou must lie .* at most 1, got {iou}'):
        CCAMLocalizationMetric('cam', iou=iou)
