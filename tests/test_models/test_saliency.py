import copy
import pickle

import pytest
import torch
from mmengine.config import ConfigDict
from mmpretrain.registry import MODELS
from saliency_networks import predict, resnet

from mmccam.models import SaliencyMethod
from mmccam.registry import TASK_UTILS

CAM = dict(type='mmccam.TopBottom', i=1, j=0)
VGG = dict(depth=11, num_stages=3, non_local_stages=(2,))
BACKBONE = dict(type='mmccam.NonLocalVGG', **VGG)
OF_IMAGES = ('Saliency', 'Deconvolution', 'GuidedBackprop', 'Feedback')
OF_LAYERS = ('GradCAM', 'GradCAMPlusPlus', 'LayerCAM', 'ExcitationBackprop')


class Gradient(SaliencyMethod):
    """The gradient by the image, in one channel."""

    def maps(self, classifier, images, targets):
        scores = classifier(images).gather(1, targets[:, None])
        (gradient,) = torch.autograd.grad(scores.sum(), images)
        return gradient.sum(dim=1)


class Careless(Gradient):
    """Computes all gradients there are."""

    def maps(self, classifier, images, targets):
        classifier(images).gather(1, targets[:, None]).sum().backward()
        return images.grad.sum(dim=1)


class OneMap(SaliencyMethod):
    def maps(self, classifier, images, targets):
        return images[0, 0]


@pytest.fixture(autouse=True)
def methods():
    """Register those above."""
    for method in (Gradient, Careless, OneMap):
        TASK_UTILS.register_module(module=method)
    yield
    for name in ('Gradient', 'Careless', 'OneMap'):
        TASK_UTILS.module_dict.pop(name)


def config(type='mmccam.SaliencyClassifier', **cams):
    cams = {name: dict(type=f'mmccam.{cam}') for name, cam in cams.items()}
    cams = dict(cams, cam=CAM)
    head = dict(type='mmccam.GAPClsHead', num_classes=4, in_channels=256, cams=cams)
    return ConfigDict(type=type, backbone=BACKBONE, head=head)


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(config(**kwargs)).eval()


def test_grad_cam_of_a_gap_network_is_the_positive_part_of_cam(images):
    # The score of a class is the mean of M^c = sum_n w_{n,c} f^n over h * w positions,
    # so that its gradient by each f^n(x, y) is w_{n,c} / (h * w).
    model = build(grad_cam='GradCAM')
    for sample in predict(model, images, 1, 3):
        cam = sample.cams['cam']
        expected = cam.relu() / cam[0].numel()
        assert 0 < expected.count_nonzero() < expected.numel()
        torch.testing.assert_close(sample.cams['grad_cam'], expected)


def test_each_target_of_each_image_has_its_map(images):
    model = build(gradient='Gradient')
    model.head.set_maps(model.head.cams, num_guesses=2)
    samples = predict(model, images, 1, 3)
    assert model.head.map_names == ['gradient', 'cam']
    for image, sample in zip(images, samples):
        maps = sample.cams['gradient']
        assert maps.shape == (3, 32, 48)  # two guesses and the true class
        assert not maps.requires_grad
        for target, found in zip(sample.cam_labels, maps):
            x = image[None].requires_grad_()
            model(x)[0, target].backward()
            expected = x.grad[0].sum(dim=0)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def all_methods():
    cams = {name: dict(type=f'mmccam.{name}') for name in OF_IMAGES}
    layer = dict(layer='backbone.layer3')
    cams.update({name: dict(type=f'mmccam.{name}', **layer) for name in OF_LAYERS})
    return resnet(**cams)


def computing_again(model):
    for block in model.backbone.layer2:
        block.with_cp = True
    return model


@pytest.mark.parametrize(
    'change',
    [
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        computing_again,
    ],
)
def test_maps_of_a_batch_are_those_of_its_images_alone(images, change):
    images = images.double()
    model = all_methods()
    both = predict(model, images, 1, 3)
    changed = change(model)
    for index, label in enumerate([1, 3]):
        (alone,) = predict(changed, images[index : index + 1], label)
        assert alone.cams.keys() == {*OF_IMAGES, *OF_LAYERS}
        torch.testing.assert_close(alone.cams, both[index].cams)
    blocks = changed.backbone.layer2
    assert all(block.with_cp == (change is computing_again) for block in blocks)


@pytest.mark.parametrize('method', ['Gradient', 'Careless'])
def test_parameters_get_no_gradient_and_are_trained_on(images, method):
    model = build(gradient=method)
    model.backbone.features[0].conv.weight.requires_grad_(False)
    trained = [parameter.requires_grad for parameter in model.parameters()]
    predict(model, images, 1, 3)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [parameter.requires_grad for parameter in model.parameters()] == trained


def test_maps_are_float32_under_autocast(images):
    model = build(gradient='Gradient')
    expected = predict(model, images, 1, 3)
    with torch.autocast('cpu', torch.bfloat16):
        samples = predict(model, images, 1, 3)
    for one, other in zip(samples, expected):
        # Of the true class: the guess may be another.
        torch.testing.assert_close(one.cams['gradient'][-1], other.cams['gradient'][-1])


def test_without_a_saliency_method_it_is_the_classifier_of_mmpretrain(images):
    found, expected = (
        [sample.to_dict() for sample in predict(model, images, 1, 3)]
        for model in (build(), build(type='ImageClassifier'))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize('mode', ['predict', 'loss'])
def test_a_plain_classifier_says_which_type_it_needs(images, mode):
    model = build(type='ImageClassifier', gradient='Gradient')
    message = 'the maps gradient need gradients: set .* to "mmccam.SaliencyClassifier"'
    with pytest.raises(ValueError, match=message):
        predict(model, images, 1, 3, mode=mode)


def test_a_map_is_made_once_for_guesses_that_are_right(images, monkeypatch):
    made = []

    def maps(self, classifier, images, targets):
        made.extend(targets.tolist())
        return images.sum(dim=1)

    monkeypatch.setattr(Gradient, 'maps', maps)
    model = build(gradient='Gradient')
    model.head.set_maps(model.head.cams, num_guesses=4)
    for image, sample in zip(images, predict(model, images, 1, 3)):
        # Four guesses and the true class: all four classes, one of them twice.
        expected = image.sum(dim=0).expand(5, -1, -1)
        torch.testing.assert_close(sample.cams['gradient'], expected)
    assert sorted(made) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_map_that_is_missing_is_refused(images):
    message = r'"one" must return maps \(2, h, w\), got the shape \(32, 48\)'
    with pytest.raises(ValueError, match=message):
        predict(build(one='OneMap'), images)


def test_a_head_without_maps_is_refused():
    head = dict(type='LinearClsHead', num_classes=4, in_channels=256)
    with pytest.raises(ValueError, match='a head that makes maps, .*LinearClsHead'):
        MODELS.build(dict(config(), head=head))
