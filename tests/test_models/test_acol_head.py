import golden_heads
import pytest
import torch
from golden_methods import (
    LABELS,
    assert_equal,
    check_training,
    class_maps,
    inputs,
    load,
    train,
)


@pytest.mark.parametrize(('architecture', 'size'), golden_heads.NETWORKS)
def test_networks_are_those_of_the_reference(architecture, size):
    model, golden, rules = golden_heads.network(architecture, 'acol', size)
    head, labels = model.head, torch.tensor(LABELS)[:, None]
    with torch.no_grad():
        feats = model.extract_feat(inputs())
        assert_equal(head(feats), golden['eval.logits'])
        assert_equal(class_maps(model, feats), golden['eval.class_maps'])
        logits_b = head.fc_b(head.complement(feats, labels).mean(dim=(2, 3)))
        assert_equal(logits_b, golden['eval.logit_b'])
    losses = train(model)
    assert losses.keys() == {'loss_a', 'loss_b'}
    assert_equal(losses['loss_a'], golden['train.loss.a'])
    assert_equal(losses['loss_b'], golden['train.loss.b'])
    check_training(model, golden, 'train', rules)
