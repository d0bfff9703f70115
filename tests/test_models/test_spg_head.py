import golden_heads
import numpy as np
import pytest
import torch
from golden_methods import (
    FOLDERS,
    assert_equal,
    check_training,
    class_maps,
    inputs,
    stream,
    train,
)
from mmpretrain.structures import DataSample

from mmccam.models import GAPClsHead
from mmccam.models.heads import spg_head
from mmccam.models.heads.spg_head import SPGHead, enlarge, guidance, guided_loss

B_CHANNELS = (2, 3)


@pytest.fixture
def marks(monkeypatch):
    """What is marked in a training step: object and known, of B1, B2 and C."""
    marks = []

    def recorded(*args):
        marks.append(guidance(*args))
        return marks[-1]

    monkeypatch.setattr(spg_head, 'guidance', recorded)
    return marks


def bits(packed):
    unpacked = np.unpackbits(packed, count=2 * 224 * 224)
    return torch.from_numpy(unpacked.reshape(2, 1, 224, 224) == 1)


def check_marks(marks, golden, prefix):
    is_object, is_known = marks
    assert torch.equal(is_object, bits(golden[f'{prefix}.foreground']))
    is_background = bits(golden[f'{prefix}.background'])
    assert torch.equal(is_known & ~is_object, is_background)


@pytest.mark.slow
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
    for name, found in zip(('b1', 'b2', 'c'), marks):
        check_marks(found, golden, f'train.mask_{name}')
    check_training(model, golden, 'train', rules)


# Guidance


@pytest.fixture(scope='module')
def rules():
    return np.load(FOLDERS[0] / 'spg_masks.npz')


def banded_maps(rules):
    """Maps with the contours of the masks of the reference, which are all that it has.

    The file holds the masks of one map m of each image: of m, of 0.4 m, of m to the
    power of 10, and of m in steps of a quarter. Here m has a value for each band
    between their thresholds, and its maximum 1 at one pixel.
    """
    masks = {key: bits(rules[key]) for key in rules if key.endswith('ground')}
    m = torch.full((2, 1, 224, 224), 0.3)
    m[masks['low.background']] = 0.1
    m[masks['mixed.background']] = 0.03
    m[masks['whole.background']] = 0.005
    m[masks['mixed.foreground']] = 0.6
    m[masks['whole.foreground']] = 0.75
    m[~masks['few.background']] = 0.83
    m[masks['equal.foreground']] = 0.93
    m[masks['few.foreground']] = 0.98
    for image, few in zip(m, masks['few.foreground']):
        image[tuple(few.nonzero()[0])] = 1
    return m


@pytest.mark.parametrize(
    ('case', 'change'),
    [
        ('whole', lambda m: m),
        ('low', lambda m: 0.4 * m),  # below the upper threshold
        ('tiny', lambda m: 0.01 * m),  # below the lower one
        ('few', lambda m: m**10),  # one pixel above the upper one
        ('mixed', lambda m: torch.stack([0.4 * m[0], m[1]])),
        ('equal', lambda m: (4 * m).round() / 4),  # values at both thresholds
    ],
)
def test_marks_and_loss_are_those_of_the_reference(rules, case, change):
    found = guidance(change(banded_maps(rules)), *rules[f'{case}.thresholds'])
    check_marks(found, rules, case)
    numbers = stream('spg.logits').standard_normal((2, 1, 4, 5))
    logits = torch.from_numpy(numbers).requires_grad_()
    loss = guided_loss(enlarge(logits), *found)
    loss.backward()
    assert_equal(loss, rules[f'{case}.loss'])
    assert_equal(logits.grad, rules[f'{case}.grad'])


@pytest.mark.parametrize(('count', 'objects'), [(30, 30), (29, 64)])
def test_fewer_than_30_pixels_are_too_few(count, objects):
    maps = torch.full((1, 1, 8, 8), 0.65)  # above 0.7 * 0.9 = 0.63
    maps.view(-1)[:count] = 0.9
    is_object, is_known = guidance(maps, 0.8, 0.1)
    assert is_object.sum() == is_known.sum() == objects


def test_an_image_with_a_constant_map_is_left_out():
    maps = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    marks = guidance(maps[:1], 0.7, 0.1)
    maps[1] = torch.nan
    logits = maps.nan_to_num(0.5).requires_grad_()
    loss = guided_loss(logits, *guidance(maps, 0.7, 0.1))
    assert loss == guided_loss(logits[:1], *marks)


def test_without_any_known_pixel_the_loss_is_0():
    logits = torch.ones(1, 1, 8, 8, requires_grad=True)
    loss = guided_loss(logits, *guidance(torch.full((1, 1, 8, 8), 0.5), 0.7, 0.1))
    assert loss > 0  # 0.7 of the maximum is the threshold
    loss = guided_loss(logits, *guidance(torch.full((1, 1, 8, 8), torch.nan), 0.7, 0.1))
    loss.backward()
    assert loss == 0 and not logits.grad.any()


# The head


def small_head(**kwargs):
    """A head, and feature maps of two images."""
    torch.manual_seed(0)
    head = SPGHead(4, 5, b_channels=B_CHANNELS, b_width=6, **kwargs)
    return head, tuple(torch.rand(2, channels, 4, 6) for channels in (*B_CHANNELS, 5))


def test_prediction_is_that_of_the_classifier_alone():
    head, feats = small_head()
    plain = GAPClsHead(4, 5)
    plain.load_state_dict(head.state_dict(), strict=False)
    for one, other in zip(head.predict(feats), plain.predict(feats)):
        assert torch.equal(one.pred_score, other.pred_score)
        assert torch.equal(one.cams['ccam'], other.cams['ccam'])


def test_thresholds_are_those_of_the_paper_s_code():
    head, _ = small_head()
    assert head.thresholds == dict(b1=(0.5, 0.05), b2=(0.7, 0.05), c=(0.7, 0.1))


@pytest.mark.parametrize('name', ['b1', 'b2', 'c'])
def test_each_branch_has_thresholds_of_its_own(name, marks):
    head, feats = small_head(**{f'thresholds_{name}': (1, 0)})
    head.loss(feats, [DataSample().set_gt_label(label) for label in (0, 1)])
    found = dict(zip(('b1', 'b2', 'c'), marks))
    # Nothing is below 0.
    is_object, is_known = found[name]
    assert torch.equal(is_object, is_known)


@pytest.mark.parametrize('name', ['b1', 'b2', 'c'])
@pytest.mark.parametrize(('high', 'low'), [(0.1, 0.7), (1.1, 0.5), (0.5, -0.1)])
def test_thresholds_out_of_order(name, high, low):
    message = rf'thresholds_{name} must be .* got \({high}, {low}\)'
    with pytest.raises(ValueError, match=message):
        small_head(**{f'thresholds_{name}': (high, low)})


@pytest.mark.parametrize(
    ('places', 'message'),
    [
        ([0, 2], 'SPGHead needs 3 feature maps of backbone and neck, got 2'),
        ([1, 1, 2], 'branch B1 of SPG has in_channels=2, but .* gets has 3 channels'),
        ([0, 0, 2], 'branch B2 of SPG has in_channels=3, but .* gets has 2 channels'),
    ],
)
def test_feature_maps_that_do_not_fit(places, message):
    head, maps = small_head()
    with pytest.raises(ValueError, match=message):
        head.loss(tuple(maps[i] for i in places), [DataSample().set_gt_label(0)] * 2)
