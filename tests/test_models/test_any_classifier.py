import pytest
import torch
from mmengine.config import ConfigDict
from mmpretrain.apis.model import ModelHub
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample

from mmccam.cam import polynomial, top_bottom
from mmccam.checkpoints.contents import stored_config
from mmccam.models import LocalizationHead, classifier_with_maps
from mmccam.registry import MODELS

VGG = ConfigDict(
    type='ImageClassifier',
    backbone=dict(type='VGG', depth=11, norm_cfg=dict(type='BN'), num_classes=-1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=512),
)


WIDTHS = {
    'mmccam.AlexNet': 256,
    'mmccam.GoogLeNet': 832,
    'mmccam.InceptionV3': 768,
    'mmccam.ResNet': 512,
}


def classifier(name):
    """Config of a model of mmpretrain's hub or with our backbone, with five classes."""
    if name in WIDTHS:
        backbone = dict(type=name, **({'depth': 18} if name == 'mmccam.ResNet' else {}))
        head = dict(VGG.head, in_channels=WIDTHS[name])
        return ConfigDict({**VGG, 'backbone': backbone, 'head': head})
    model = ModelHub.get(name).config.model
    model.head.num_classes = 5
    return model


@pytest.mark.parametrize(
    'name',
    [
        'resnet18_8xb32_in1k',
        'seresnet50_8xb32_in1k',
        'mobilenet-v2_8xb32_in1k',
        'efficientnet-b0_3rdparty_8xb32_in1k',
        'regnetx-400mf_8xb128_in1k',
        'shufflenet-v2-1x_16xb64_in1k',
        'densenet121_3rdparty_in1k',
        'hrnet-w18_3rdparty_8xb32_in1k',
        'swin-tiny_16xb64_in1k',
        'vgg',
        *WIDTHS,
    ],
)
def test_the_score_of_a_class_is_the_mean_of_its_map(name):
    config = VGG if name == 'vgg' else classifier(name)
    before = config.to_dict()
    cams = dict(cam=dict(type='mmccam.TopBottom', i=1, j=0))
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    # As it is built from a checkpoint.
    text = f'model = {before!r}'
    stored = stored_config(dict(meta=dict(cfg=text)), name).model
    with_maps = MODELS.build(classifier_with_maps(stored)).eval()
    with_maps.head.set_maps(cams)
    assert config.to_dict() == before
    with_maps.load_state_dict(model.state_dict())
    side = 224 if 'swin' in name else 64
    images = torch.randn(1, 3, side, side)
    with torch.no_grad():
        logits = model(images)
        feats = with_maps.extract_feat(images)
        (sample,) = with_maps.head.predict(feats, [DataSample()])
    torch.testing.assert_close(with_maps.head(feats), logits)
    label = sample.pred_label.item()
    score = sample.cams['cam'][0].mean() + model.head.fc.bias[label]
    torch.testing.assert_close(score, logits[0, label])


def changed(**parts):
    return ConfigDict({**VGG, **parts})


@pytest.mark.parametrize(
    ('config', 'reason'),
    [
        ('vgg16_8xb32_in1k', 'ClsHead of VGG is none: its scores are not means'),
        ('mobilenet-v3-small_8xb128_in1k', 'StackedLinearClsHead of MobileNetV3 is'),
        ('vit-base-p16_32xb128-mae_in1k', 'VisionTransformerClsHead of VisionTransfor'),
        ('convnext-tiny_32xb128_in1k', 'ConvNeXt gives no map of features but a vec'),
        (changed(neck=dict(type='GeneralizedMeanPooling')), 'got .*GeneralizedMean'),
        (changed(neck=dict(type='GlobalAveragePooling', dim=1)), "got .*'dim': 1"),
        (changed(neck=None), 'VGG gives no map of features but a vector'),
        (changed(head=None), 'None of VGG is none'),
        (changed(neck=[]), 'VGG gives no map of features but a vector'),
        (ConfigDict(type='ImageClassifier'), 'None of None is none'),
        (changed(type='TimmClassifier'), 'an ImageClassifier, got TimmClassifier'),
    ],
)
def test_a_classifier_without_maps_says_why(config, reason):
    model = classifier(config) if isinstance(config, str) else config
    with pytest.raises(ValueError, match=f'maps need .*{reason}'):
        classifier_with_maps(model)


@MODELS.register_module()
class OwnHead(LocalizationHead):
    """A head to come, or a user's."""


@MODELS.register_module()
class OwnClassifier(ImageClassifier):
    """A classifier that predicts in its own way."""


@pytest.mark.parametrize(
    'head',
    ['mmccam.GAPClsHead', 'mmccam.OwnHead', dict(type='OwnHead', _scope_='mmccam')],
)
@pytest.mark.parametrize(
    ('type', 'expected'),
    [
        ('ImageClassifier', 'mmccam.SaliencyClassifier'),
        ('mmpretrain.ImageClassifier', 'mmccam.SaliencyClassifier'),
        ('mmccam.SaliencyClassifier', 'mmccam.SaliencyClassifier'),
        ('mmccam.OwnClassifier', 'mmccam.OwnClassifier'),
    ],
)
def test_a_localization_head_stays(head, type, expected):
    head = dict(type=head) if isinstance(head, str) else head
    model = changed(type=type, neck=None, head=head)
    assert classifier_with_maps(model) == dict(model, type=expected)


def test_the_maps_are_cam_and_ccam_and_cam_is_the_default():
    head = MODELS.build(classifier_with_maps(VGG).head)
    assert (head.map_names, head.default_map) == (['cam', 'ccam'], 'cam')
    assert torch.equal(head.coefficients['cam'], top_bottom(5, 1, 0))
    assert torch.equal(head.coefficients['ccam'], polynomial(5, degree=2))


def test_a_backbone_without_map_fails_by_its_shape():
    head = MODELS.build(classifier_with_maps(VGG).head)
    message = r'feature maps \(N, C, h, w\), got .*\(2, 512\)'
    with pytest.raises(ValueError, match=message):
        head((torch.zeros(2, 512),))
