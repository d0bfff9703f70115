from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmccam.engine import FittingWeightsHook, check_weights, weights_of


def network(classes=3, channels=4):
    head = BaseModule()
    head.fc = nn.Linear(channels, classes)
    model = BaseModule()
    model.head = head
    model.bn = nn.BatchNorm2d(channels)
    return model


def weights(**kwargs):
    return network(**kwargs).state_dict()


def without(name):
    return {key: value for key, value in weights().items() if key != name}


def test_its_own_weights_fit():
    check_weights(network(), weights(), 'a.pth')


def test_old_norms_do_not_count_batches():
    check_weights(network(), without('bn.num_batches_tracked'), 'a.pth')


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (weights(classes=5), 'it has 5 classes, the config 3'),
        (
            weights(channels=8),
            r'head.fc.weight has the shape \(3, 8\), not \(3, 4\)',
        ),
        (without('head.fc.bias'), '1 of 7 weights are missing, the first is head.fc.b'),
        (
            {**weights(), 'neck.a': torch.zeros(1)},
            '1 further weights, the first is neck',
        ),
    ],
)
def test_weights_of_another_network(wrong, message):
    with pytest.raises(
        ValueError, match=f'a.pth is of another network .*: .*{message}'
    ):
        check_weights(network(), wrong, 'a.pth')


def test_weights_that_are_no_numbers():
    wrong = weights()
    wrong['head.fc.bias'][1] = float('nan')
    with pytest.raises(ValueError, match='a.pth has weights that are no numbers'):
        check_weights(network(), wrong, 'a.pth')


def parallel(weights):
    return {f'module.{name}': value for name, value in weights.items()}


@pytest.mark.parametrize(
    'wrap',
    [
        dict,
        parallel,
        lambda weights: dict(state_dict=weights, meta={}),
        lambda weights: dict(model=weights, epoch=3),
        lambda weights: dict(state_dict=parallel(weights)),
    ],
)
def test_weights_are_taken_out_of_their_wraps(wrap):
    found = weights_of(wrap(weights()), 'a.pth')
    assert found.keys() == weights().keys()


@pytest.mark.parametrize(
    ('loaded', 'message'),
    [
        ([1, 2], 'a.pth holds no weights but a list'),
        (
            dict(epoch=3),
            "a.pth holds no weights: 'epoch' is no name of a tensor but .*",
        ),
        ({1: torch.ones(1)}, 'a.pth holds no weights: 1 is no name of a tensor'),
    ],
)
def test_what_holds_no_weights_is_refused(loaded, message):
    with pytest.raises(ValueError, match=message):
        weights_of(loaded, 'a.pth')


def test_the_hook_checks_what_is_loaded():
    runner = SimpleNamespace(model=network(), cfg=dict(load_from='a.pth'))
    hook = FittingWeightsHook()
    hook.after_load_checkpoint(runner, dict(state_dict=weights()))
    with pytest.raises(ValueError, match='a.pth is of another network'):
        hook.after_load_checkpoint(runner, dict(state_dict=weights(classes=5)))
