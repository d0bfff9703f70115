import copy
import pickle

import mmpretrain.models
import pytest
import torch
import torchvision
from mmpretrain.registry import MODELS

from mmccam.models import NonLocalVGG

NARROW = dict(depth=18, base_channels=8, stem_channels=8)
BACKBONES = {
    'AlexNet': {},
    'GoogLeNet': {},
    'InceptionV3': {},
    'ResNet': NARROW,
}
each_backbone = pytest.mark.parametrize('name', BACKBONES)


def build(name, device='cpu', **kwargs):
    # mmpretrain's ResNet reads numbers from tensors as it is built.
    with torch.device('cpu' if name == 'ResNet' else device):
        model = MODELS.build(dict(type=f'mmccam.{name}', **kwargs))
    return model.to(device)


@pytest.mark.parametrize(
    ('name', 'arguments', 'shape'),
    [
        ('AlexNet', {}, (256, 13, 13)),
        ('GoogLeNet', {}, (832, 14, 14)),
        ('InceptionV3', {}, (768, 14, 14)),
        ('InceptionV3', dict(stride=8), (768, 28, 28)),
        ('ResNet', dict(depth=50, strides=(1, 2, 2, 1)), (2048, 14, 14)),
        ('ResNet', dict(depth=50, strides=(1, 2, 1, 1)), (2048, 28, 28)),
    ],
)
def test_the_map_of_an_image_of_224_x_224(name, arguments, shape):
    model = build(name, 'meta', **arguments)
    (feat,) = model(torch.empty(2, 3, 224, 224, device='meta'))
    assert feat.shape == (2, *shape)


@pytest.mark.parametrize(('stride', 'height'), [(16, 14), (8, 28)])
def test_one_name_is_the_layer_before_mixed_6a_at_both_strides(stride, height):
    model = build('InceptionV3', 'meta', stride=stride, out_layers=('maxpool3',))
    feat, _ = model(torch.empty(2, 3, 224, 224, device='meta'))
    assert feat.shape == (2, 288, height, height)


@each_backbone
def test_training_uses_each_parameter(name, images):
    model = build(name, **BACKBONES[name])
    assert model.eval() is model
    assert model.train() is model
    model.init_weights()
    model(images)[-1].square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert not hasattr(model, 'num_classes')  # which ClassNumCheckHook would compare


@each_backbone
def test_autocast_of_copies(name, images):
    model = build(name, **BACKBONES[name], out_layers=tail(name)).eval()
    with torch.autocast('cpu', torch.bfloat16):
        expected = model(images)
        for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            found = copied(images)
            torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert len(expected) == 2


def tail(name):
    layers = dict(
        AlexNet='features.10',
        GoogLeNet='inception4d',
        InceptionV3='Mixed_6d',
        ResNet='layer4.0',
    )
    return (layers[name],)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(name='InceptionV3', stride=32), 'stride must be 8 or 16, got 32'),
        (dict(name='ResNet', depth=51), r'one of \[18, .* 152\], got 51'),
        (dict(name='ResNet', depth=18, strides=(1, 2)), r'4 stages, got \(1, 2\)'),
        (dict(name='AlexNet', out_layers=('conv5',)), 'AlexNet has no layer "conv5"'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(device='meta', **arguments)


# Weights


FC = dict(num_classes=5)
WEIGHTS = {
    'torchvision-AlexNet': lambda: torchvision.models.alexnet(**FC),
    'torchvision-GoogLeNet': lambda: torchvision.models.googlenet(
        aux_logits=True, init_weights=False, **FC
    ),
    'torchvision-InceptionV3': lambda: torchvision.models.inception_v3(
        init_weights=False, **FC
    ),
    'torchvision-ResNet': lambda: torchvision.models.resnet50(**FC),
    'mmpretrain-AlexNet': lambda: mmpretrain.models.AlexNet(**FC),
    'mmpretrain-InceptionV3': lambda: mmpretrain.models.InceptionV3(
        aux_logits=True, **FC
    ),
    'mmpretrain-ResNet': lambda: mmpretrain.models.ResNet(50),
}


def weights_of(key):
    with torch.device('cpu' if key == 'mmpretrain-ResNet' else 'meta'):
        return dict(WEIGHTS[key]().to('meta').state_dict())


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
@pytest.mark.parametrize('key', WEIGHTS)
def test_weights_of_the_complete_network_are_loaded(key, prefix):
    name = key.partition('-')[2]
    model = build(name, 'meta', **(dict(depth=50) if name == 'ResNet' else {}))
    weights = {prefix + name: value for name, value in weights_of(key).items()}
    if prefix:
        weights['head.fc.weight'] = torch.ones(2, 2)
    # All of them, and without a word on those of the classifier.
    model.load_state_dict(weights, strict=True)


def test_a_file_is_loaded(tmp_path):
    donor = torchvision.models.googlenet(aux_logits=False, init_weights=False, **FC)
    torch.save(donor.state_dict(), tmp_path / 'googlenet.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'googlenet.pth'))
    model = build('GoogLeNet', init_cfg=init_cfg)
    model.init_weights()
    expected = donor.state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[name])


@pytest.mark.parametrize(
    ('key', 'name', 'arguments', 'message'),
    [
        ('torchvision-GoogLeNet', 'InceptionV3', {}, 'it lacks Conv2d_1a_3x3.conv.we'),
        ('torchvision-ResNet', 'ResNet', dict(depth=101), 'it lacks layer3.6.conv1.w'),
        (
            'torchvision-ResNet',
            'ResNet',
            dict(depth=18),
            'has no layer1.0.conv3.weight',
        ),
        ('torchvision-ResNet', 'AlexNet', {}, 'it lacks features.0.weight and 9 more'),
    ],
)
def test_weights_of_another_network_are_refused(key, name, arguments, message):
    model = build(name, 'meta', **arguments)
    message = rf'^the checkpoint does not match the backbone: .*{message}'
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(weights_of(key), strict=False)


def test_a_file_that_does_not_match_is_named(tmp_path):
    path = tmp_path / 'alexnet.pth'
    torch.save({'features.0.weight': torch.ones(64, 3, 3, 3)}, path)
    model = build('AlexNet', init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    with pytest.raises(ValueError, match=f'^{path}: .* it lacks features.0.bias'):
        model.init_weights()


# Pools of the VGG


@pytest.mark.parametrize(
    ('pools', 'shape'),
    [
        (((2, 2), (2, 2), (2, 2), None, None), (4, 6)),
        (((3, 2), (3, 2), (3, 2), (3, 1), (3, 1)), (4, 6)),
        (((3, 2), (3, 2), (3, 2), (3, 2), (3, 1)), (2, 3)),
        (((2, 2), (2, 2), (2, 2), (2, 2), (2, 2)), (1, 1)),
    ],
)
def test_pools_of_the_vgg(images, pools, shape):
    vgg = NonLocalVGG(11, pools=pools)
    assert vgg(images)[0].shape == (2, 512, *shape)
    assert vgg.state_dict().keys() == NonLocalVGG(11).state_dict().keys()


def test_the_last_pool_is_part_of_the_last_stage(images):
    vgg = NonLocalVGG(11, (), pools=((2, 2),) * 5, out_indices=(4,)).eval()
    plain = mmpretrain.models.VGG(11, out_indices=(4,))
    plain.load_state_dict(vgg.state_dict())
    torch.testing.assert_close(vgg(images), plain(images))


def test_pools_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match=r'each of the 5 stages, got \(\(2, 2\), \('):
        NonLocalVGG(11, pools=((2, 2),) * 4)
