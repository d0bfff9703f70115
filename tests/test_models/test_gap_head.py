import pytest
import torch
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import DefaultScope, Registry
from mmpretrain.models import CrossEntropyLoss, LinearClsHead
from mmpretrain.structures import DataSample

from mmccam.models import CombinationFunction, GAPClsHead
from mmccam.registry import TASK_UTILS

CAM = dict(type='mmccam.TopBottom', i=1, j=0)
TOP1_BOTTOM1 = dict(type='mmccam.TopBottom', i=1, j=1)
LINEAR = dict(type='mmccam.Polynomial', degree=1)
SINGLE_RANK = dict(type='mmccam.SingleRank')

# One image, three channels, 1 x 2 positions.
FEATURES = torch.tensor([[[[6.0, 4.0]], [[1.0, 3.0]], [[0.0, 1.0]]]])
POOLED = torch.tensor([[5.0, 2.0, 0.5]])


def samples_of(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def hand_head(**cams):
    """Build a head with weights by hand and some maps, or the default ones.

    The maps of its classes are M^0 = f^0 = (6, 4), M^1 = 2 f^1 = (2, 6) and
    M^2 = 3 f^2 = (0, 3). The logits are 5 + 0, 4 + 0 and 1.5 + 10, so that the
    ranking is 2, 0, 1.
    """
    head = GAPClsHead(3, 3, cams=cams or None)
    head.fc.weight.data = torch.diag(torch.tensor([1.0, 2.0, 3.0]))
    head.fc.bias.data = torch.tensor([0.0, 0.0, 10.0])
    return head


# What it has in common with mmpretrain's head


def test_logits_and_loss_are_those_of_the_pooled_features():
    head, linear_head = GAPClsHead(3, 3), LinearClsHead(3, 3)
    head.load_state_dict(linear_head.state_dict())
    torch.testing.assert_close(head((FEATURES,)), linear_head((POOLED,)))
    loss = head.loss((FEATURES,), samples_of(1))
    torch.testing.assert_close(loss, linear_head.loss((POOLED,), samples_of(1)))


def test_only_the_last_feature_map_counts():
    maps = (torch.full((1, 7, 4, 4), torch.nan), FEATURES)
    assert hand_head(cam=CAM)(maps).tolist() == [[5, 4, 11.5]]


def test_further_arguments_go_to_the_linear_head():
    head = GAPClsHead(3, 3, topk=(1, 2), cal_acc=True)
    losses = head.loss((FEATURES,), samples_of(1))
    assert losses.keys() == {'loss', 'accuracy_top-1', 'accuracy_top-2'}


@pytest.fixture
def toolbox():
    """One whose scope has another loss of that name, while a test runs."""
    registry = Registry('model', parent=MMENGINE_MODELS, scope='toolbox')
    registry.register_module(name='CrossEntropyLoss', module=torch.nn.Identity)
    with DefaultScope.overwrite_default_scope('toolbox'):
        yield registry
    MMENGINE_MODELS.children.pop('toolbox')


@pytest.mark.parametrize(
    ('loss', 'kind'),
    [
        ({}, CrossEntropyLoss),
        (dict(loss=dict(type='CrossEntropyLoss', loss_weight=2.0)), CrossEntropyLoss),
        (dict(loss=dict(type='toolbox.CrossEntropyLoss')), torch.nn.Identity),
    ],
)
def test_losses_are_those_of_mmpretrain_unless_a_scope_is_named(toolbox, loss, kind):
    cfg = dict(type='mmccam.GAPClsHead', num_classes=3, in_channels=3, **loss)
    assert type(toolbox.build(cfg).loss_module) is kind


# Prediction


def test_pred_score_is_the_softmax():
    head = hand_head(cam=CAM)
    # The logits are those of the features and ln 1, ln 2 and ln 5 instead.
    head.fc.bias.data = torch.tensor([1.0, 2, 5]).log() - torch.tensor([5, 4, 1.5])
    (sample,) = head.predict((FEATURES,))
    torch.testing.assert_close(sample.pred_score, torch.tensor([1 / 8, 2 / 8, 5 / 8]))
    assert sample.pred_label.tolist() == [2]


@pytest.mark.parametrize(
    ('samples', 'cam_labels'),
    [
        (None, [2]),
        ([DataSample()], [2]),
        (samples_of(1), [2, 1]),
        (samples_of(2), [2, 2]),
    ],
)
def test_targets(samples, cam_labels):
    head = hand_head(plain=CAM, linear=LINEAR)
    (sample,) = head.predict((FEATURES,), samples)
    assert samples is None or sample is samples[0]  # which are written to
    assert sample.cam_labels.tolist() == cam_labels
    shapes = {name: tuple(cams.shape) for name, cams in sample.cams.items()}
    shape = (len(cam_labels), 1, 2)
    assert shapes == {'plain': shape, 'linear': shape}


@pytest.mark.parametrize(
    ('cfg', 'expected'),
    [
        # The plain map of each target, without the bias.
        (CAM, [[0, 3], [2, 6]]),
        # Ranking 2, 0, 1: M^2 - M^1. With class 1 moved to rank 1 it is 1, 2, 0:
        # M^1 - M^0.
        (TOP1_BOTTOM1, [[-2, -3], [-4, 2]]),
        (dict(TOP1_BOTTOM1, target_first=False), [[-2, -3], [-2, -3]]),
        # g = (1, 0, -1): the same coefficients.
        (LINEAR, [[-2, -3], [-2, -3]]),
        (dict(SINGLE_RANK, k=2), [[6, 4], [6, 4]]),
        (dict(SINGLE_RANK, k=-1), [[2, 6], [2, 6]]),
        # With the true class, 1, in front, class 2 is the second.
        (dict(SINGLE_RANK, k=2, target_first=True), [[6, 4], [0, 3]]),
        (dict(LINEAR, target_first=True), [[-2, -3], [-4, 2]]),
        # g = (1, -1, -1) for p = 1.5: M^2 - M^0 - M^1.
        (dict(type='mmccam.Polynomial', degree=0, p=1.5), [[-8, -7], [-8, -7]]),
    ],
)
def test_maps(cfg, expected):
    (sample,) = hand_head(cam=cfg).predict((FEATURES,), samples_of(1))
    assert sample.cams['cam'][:, 0].tolist() == expected


def test_each_image_has_its_own_maps():
    # Of the second image the logits are 0, 0 and 10 + 3 * 2: M^2 = (9, 3).
    second = torch.tensor([[[[0.0, 0.0]], [[0.0, 0.0]], [[3.0, 1.0]]]])
    samples = hand_head(cam=CAM).predict((torch.cat([FEATURES, second]),))
    maps = [sample.cams['cam'].tolist() for sample in samples]
    assert maps == [[[[0, 3]]], [[[9, 3]]]]


def test_improbable_classes_are_ranked_by_their_logits():
    head = hand_head(cam=TOP1_BOTTOM1)
    # The softmax of 5, 4 and 201.5 is 0, 0 and 1 in float32. Class 1 is the least
    # probable all the same: M^2 - M^1.
    head.fc.bias.data[2] = 200
    (sample,) = head.predict((FEATURES,))
    assert sample.pred_score.tolist() == [0, 0, 1]
    assert sample.cams['cam'].tolist() == [[[-2, -3]]]


def test_the_default_map_is_ccam_in_float32_whatever_the_network_has():
    head = hand_head().to(torch.bfloat16)
    (sample,) = head.predict((FEATURES.to(torch.bfloat16),))
    # Quadratic: g = (1, 0, -1) as for the linear one of three classes.
    assert {k: v.tolist() for k, v in sample.cams.items()} == {'ccam': [[[-2, -3]]]}
    assert sample.cams['ccam'].dtype == torch.float32


# Combination functions


@TASK_UTILS.register_module()
class HalfOfTheSecond(CombinationFunction):
    """A user's own combination function."""

    def __init__(self):
        super().__init__(target_first=True)

    def coefficients(self, num_classes):
        return torch.eye(num_classes)[1] / 2


def test_own_combination_function():
    head = hand_head(own=dict(type='mmccam.HalfOfTheSecond'))
    (sample,) = head.predict((FEATURES,), samples_of(1))
    # Rankings 2, 0, 1 and 1, 2, 0: half of M^0 and half of M^2.
    assert sample.cams['own'].tolist() == [[[3, 2]], [[0, 1.5]]]


@pytest.mark.parametrize('num_guesses', [0, 4])
def test_guesses_that_there_are_not(num_guesses):
    with pytest.raises(ValueError, match=f'classes 3, got {num_guesses}'):
        GAPClsHead(3, 3, num_guesses=num_guesses)


def test_combination_with_coefficients_missing(monkeypatch):
    monkeypatch.setattr(HalfOfTheSecond, 'coefficients', lambda *_: torch.ones(2))
    message = r'"own" must have 3 coefficients, got the shape \(2,\)'
    with pytest.raises(ValueError, match=message):
        GAPClsHead(3, 3, cams=dict(own=dict(type='mmccam.HalfOfTheSecond')))
