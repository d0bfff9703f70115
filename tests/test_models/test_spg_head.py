import golden_heads
import numpy as np
import pytest
import torch
from golden_methods import (
    assert_equal,
    check_training,
    class_maps,
    inputs,
    load,
    train,
)

from mmccam.models.heads import spg_head


@pytest.fixture
def marks(monkeypatch):
    """What is marked in a training step: object and known, of B1, B2 and C."""
    marks = []

    def guidance(*args):
        marks.append(original(*args))
        return marks[-1]

    original = spg_head.guidance
    monkeypatch.setattr(spg_head, 'guidance', guidance)
    return marks


def bits(packed):
    return np.unpackbits(packed, count=2 * 224 * 224).reshape(2, 1, 224, 224) == 1


@pytest.mark.parametrize(('architecture', 'size'), golden_heads.NETWORKS)
def test_networks_are_those_of_the_reference(architecture, size, marks):
    model, golden, rules = golden_heads.network(architecture, 'spg', size)
    with torch.no_grad():
        feats = model.extract_feat(inputs())
        assert_equal(model.head(feats), golden['eval.logits'])
        maps = class_maps(model, feats)
        bias = model.head.fc.bias[:, None, None]  # is in the maps of the reference
        assert_equal(maps + bias, golden['eval.class_maps'])
        for name, logits in model.head.branch_logits(feats).items():
            assert_equal(logits, golden[f'eval.logits_{name}'])
    losses = train(model)
    assert losses.keys() == {'loss_cls', 'loss_b1', 'loss_b2', 'loss_c'}
    for name, loss in losses.items():
        assert_equal(loss, golden[name.replace('loss_', 'train.loss.')])
    for name, (is_object, is_known) in zip(('b1', 'b2', 'c'), marks):
        mask = f'train.mask_{name}'
        assert (is_object.numpy() == bits(golden[f'{mask}.foreground'])).all()
        is_background = (is_known & ~is_object).numpy()
        assert (is_background == bits(golden[f'{mask}.background'])).all()
    check_training(model, golden, 'train', rules)
