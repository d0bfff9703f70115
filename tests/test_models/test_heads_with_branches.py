"""What the heads of ACoL and SPG have in common: training, precision, classifiers."""

import pickle
from copy import deepcopy

import pytest
import torch
from mmengine.config import ConfigDict
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

CAMS = dict(
    cam=dict(type='mmccam.TopBottom', i=1, j=0),
    ccam=dict(type='mmccam.Polynomial', degree=2),
)
HEADS = dict(
    acol=dict(type='mmccam.ACoLHead', shared_channels=64),
    spg=dict(type='mmccam.SPGHead', b_channels=(64, 64), b_width=8),
)
LABELS = (1, 3)


@pytest.fixture(params=HEADS)
def model(request):
    """A small network with one of the heads."""
    return build(request.param)


def build(name, type='mmccam.SaliencyClassifier'):
    torch.manual_seed(0)
    vgg = dict(type='mmccam.NonLocalVGG', depth=11, num_stages=1, non_local_stages=())
    if name == 'spg':
        vgg.update(out_layers=('features.0',))
    neck = dict(type='mmccam.ConvNeck', in_channels=64, channels=(8,))
    head = dict(HEADS[name], num_classes=4, in_channels=8, cams=CAMS, num_guesses=2)
    cfg = ConfigDict(type=type, backbone=vgg, neck=neck, head=head)
    cfg.data_preprocessor = dict(mean=[0] * 3, std=[1] * 3, to_rgb=True)
    model = MODELS.build(cfg)
    model.init_weights()
    return model.eval()


def samples():
    return [DataSample().set_gt_label(label) for label in LABELS]


def predict(model, images, data_samples=None):
    with torch.no_grad():
        return model(images, data_samples or samples(), mode='predict')


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_a_training_step_reaches_all_parameters(model, images, dtype):
    model.train()
    with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        losses = model(images, samples(), mode='loss')
    loss, logged = model.parse_losses(losses)
    assert logged['loss'] == sum(losses.values()) == loss
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all()


def test_the_attention_has_full_precision_under_autocast(model, images):
    feats = model.extract_feat(images)
    labels = torch.tensor(LABELS)[:, None]
    expected = model.head.plain_maps(feats, labels)
    with torch.autocast('cpu', torch.bfloat16):
        found = model.head.plain_maps(feats, labels)
    assert torch.equal(found, expected)
    half = tuple(feat.bfloat16() for feat in feats)
    assert model.head.plain_maps(half, labels).dtype == torch.float32


def test_soft_labels_of_batch_augments_are_learned_from(model, images):
    one_hot = torch.nn.functional.one_hot(torch.tensor(LABELS), 4).float()
    soft = [s.set_gt_score(score) for s, score in zip(samples(), one_hot)]
    losses = model(images, soft, mode='loss')
    torch.testing.assert_close(losses, model(images, samples(), mode='loss'))


def test_copies_and_pickles_predict_the_same(model, images):
    expected = predict(model, images)
    for other in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        for one, two in zip(predict(other, images), expected):
            torch.testing.assert_close(one.cams, two.cams, rtol=0, atol=0)


def test_a_network_in_half_precision_has_maps_of_float32(model, images):
    for sample in predict(model.bfloat16(), images.bfloat16()):
        assert {cam.dtype for cam in sample.cams.values()} == {torch.float32}


@pytest.mark.parametrize('name', HEADS)
def test_classes_may_be_ranked_on_crops(name, images):
    model = build(name, 'mmccam.TwoViewClassifier')
    expected = predict(build(name), images)
    crops = samples()
    for sample, image in zip(crops, images):
        sample.set_field(image[None, [2, 1, 0]], 'score_crops')
    for found, one in zip(predict(model, images, crops), expected):
        assert found.cam_labels.tolist() == one.cam_labels.tolist()
        torch.testing.assert_close(found.cams, one.cams)
