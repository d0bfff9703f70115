"""The head of networks whose backbone gives the logits."""

import pytest
import torch
from saliency_networks import classifier, predict, vgg

CAMS = dict(
    backprop=dict(type='mmccam.Saliency'),
    layer_cam=dict(type='mmccam.LayerCAM', layer='backbone.features.4'),
)


def test_a_network_with_fully_connected_layers_has_saliency_maps():
    model = vgg(**CAMS)
    images = torch.randn(2, 3, 32, 32, dtype=torch.double)
    scores = model(images).softmax(dim=1)
    assert not list(model.head.parameters())
    for sample, expected in zip(predict(model, images, 1, 3), scores):
        torch.testing.assert_close(sample.pred_score, expected)
        assert sample.cams['backprop'].shape == (2, 32, 32)
        assert sample.cams['layer_cam'].shape == (2, 8, 8)


def test_a_combination_function_is_refused():
    cam = dict(type='mmccam.TopBottom', i=1, j=0)
    message = 'the maps ccam combine class activation maps, which .* does not have'
    with pytest.raises(ValueError, match=message):
        vgg(ccam=cam, **CAMS)


def test_a_backbone_that_gives_no_logits_is_refused():
    resnet = dict(type='ResNet', depth=18)
    model = classifier(resnet, 'SaliencyClsHead')
    images = torch.zeros(1, 3, 32, 32, dtype=torch.double)
    message = r'gives logits \(N, 4\), got the shape \(1, 512, 1, 1\)'
    with pytest.raises(ValueError, match=message):
        predict(model, images)
