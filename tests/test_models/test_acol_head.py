import golden_heads
import numpy as np
import pytest
import torch
from golden_methods import (
    FOLDERS,
    LABELS,
    assert_equal,
    check_training,
    class_maps,
    inputs,
    train,
)
from mmpretrain.structures import DataSample

from mmccam.cam import min_max
from mmccam.models.heads.acol_head import ACoLHead, erase


@pytest.mark.slow
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


@pytest.mark.parametrize('threshold', [0.5, 0.7, 1.0])
def test_erasing_is_that_of_the_reference(threshold):
    """With values at the thresholds, and a constant map."""
    golden = np.load(FOLDERS[0] / 'acol_erasing.npz')
    maps, labels = torch.from_numpy(golden['maps']), golden['labels']
    scaled = min_max(maps)
    assert_equal(scaled.nan_to_num(7), np.nan_to_num(golden['normalized'], nan=7))
    attention = scaled[range(len(labels)), labels][:, None]
    features = torch.from_numpy(golden['feature'])
    out = erase(features, attention, threshold)
    assert_equal(out, golden[f'threshold{threshold}.out'])


# Maps


def small_head(**kwargs):
    """A head with random weights, and feature maps of two images."""
    torch.manual_seed(0)
    head = ACoLHead(4, 5, shared_channels=3, **kwargs).eval()
    torch.nn.init.normal_(head.fc.weight)
    torch.nn.init.normal_(head.fc_b.weight)
    return head, (torch.rand(2, 3, 4, 6), torch.rand(2, 5, 4, 6))


def stretched(cam):
    return (cam - cam.min()) / (cam.max() - cam.min())


def expected_map(head, feats, coefficients, target, moved):
    """The map of a target by the equations, of one image."""
    shared, last = (feat[None] for feat in feats)
    weight_a, weight_b = head.fc.weight, head.fc_b.weight
    classes = head((shared, last))[0].argsort(descending=True).tolist()
    if moved:
        classes = [target, *(c for c in classes if c != target)]
    plain = sum(w * f for w, f in zip(weight_a[target], last[0]))
    kept = (stretched(plain) < head.threshold).float()
    features_b = head.branch_b((shared * kept,))[-1]
    branches = [
        stretched(
            sum(
                g * sum(w * f for w, f in zip(weight[c], features[0]))
                for g, c in zip(coefficients, classes)
            )
        )
        for weight, features in ((weight_a, last), (weight_b, features_b))
    ]
    return torch.maximum(*branches)


@pytest.mark.parametrize('moved', [True, False])
@pytest.mark.parametrize('i_j', [(1, 0), (1, 1), (2, 1)])
def test_both_branches_are_combined_by_the_ranking_of_the_first(i_j, moved):
    i, j = i_j
    cam = dict(type='mmccam.TopBottom', i=i, j=j, target_first=moved)
    head, feats = small_head(cams=dict(cam=cam), num_guesses=3)
    samples = [DataSample().set_gt_label(label) for label in (0, 2)]
    with torch.no_grad():
        samples = head.predict(feats, samples)
        for image, sample in enumerate(samples):
            assert len(sample.cam_labels) == 4
            for target, cam in zip(sample.cam_labels.tolist(), sample.cams['cam']):
                of_image, g = [feat[image] for feat in feats], [1] * i + [0] * 4
                g[4 - j :] = [-1] * j
                expected = expected_map(head, of_image, g, target, moved)
                torch.testing.assert_close(cam, expected)


def test_maps_differ_by_the_erased_class_even_where_the_ranking_is_shared():
    cam = dict(type='mmccam.Polynomial', degree=1)
    head, feats = small_head(cams=dict(cam=cam), num_guesses=2)
    (first, second), _ = (s.cams['cam'].detach() for s in head.predict(feats))
    assert not torch.equal(first, second)


def test_a_constant_map_is_nan():
    head, (shared, last) = small_head()
    weights = torch.eye(4)[None, :1]
    feats = shared[:1], torch.ones_like(last[:1])
    assert head.class_maps(feats, weights, torch.tensor([[0]])).isnan().all()


# Wrong use


@pytest.mark.parametrize('threshold', [0, 1.1, float('nan')])
def test_thresholds_that_erase_all_or_nothing(threshold):
    with pytest.raises(ValueError, match=f'not above 1, got {threshold}'):
        ACoLHead(4, 5, shared_channels=3, threshold=threshold)


@pytest.mark.parametrize(
    ('feats', 'message'),
    [
        ([1], 'ACoLHead needs 2 feature maps of backbone and neck, got 1'),
        ([1, 1], 'branch B of ACoL has in_channels=3, but .* gets has 5 channels'),
    ],
)
def test_feature_maps_that_do_not_fit(feats, message):
    head, maps = small_head()
    with pytest.raises(ValueError, match=message):
        head.loss(tuple(maps[i] for i in feats), [DataSample().set_gt_label(0)] * 2)
