import copy
import pickle

import pytest
import torch
from mmengine.model import Sequential
from norms import shuffle_norms
from other_vggs import BN, mmccam, released, torchvision, without
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from mmccam.models import NonLocalVGG
from mmccam.models.vgg_weights import convert

pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')


def pretrained(path, *args, prefix=None, **kwargs):
    init_cfg = dict(type='Pretrained', checkpoint=str(path), prefix=prefix)
    model = NonLocalVGG(*args, init_cfg=init_cfg, **kwargs)
    model.init_weights()
    return model


def test_torchvision_file(tmp_path, images):
    layers = shuffle_norms(make_layers(cfgs['A'], batch_norm=True)).eval()
    weights = {f'features.{name}': v for name, v in layers.state_dict().items()}
    # Files from before torch 0.4.1 do not count the batches.
    weights = without(weights, 'num_batches_tracked')
    torch.save({**weights, 'classifier.0.weight': torch.ones(2, 2)}, tmp_path / 'vgg')
    model = pretrained(tmp_path / 'vgg', 11, norm_cfg=BN)
    # The blocks are the identity, as without a file. The last of torchvision's layers
    # is the pool that we omit.
    maps = model.eval()(images)[0]
    torch.testing.assert_close(maps, layers[:-1](images), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ('in_file', 'key', 'prefix'),
    [
        ('', None, None),
        ('backbone.', 'state_dict', None),
        ('backbone.', None, 'backbone'),
        ('teacher.vgg.', 'state_dict', 'teacher.vgg.'),
        ('module.backbone.', 'model', None),
    ],
)
def test_all_weights_of_a_file(tmp_path, in_file, key, prefix):
    arguments = dict(non_local_stages=(2,), num_stages=2, extra_conv=8, norm_cfg=BN)
    source = shuffle_norms(NonLocalVGG(11, **arguments)).half().state_dict()
    weights = {in_file + name: value for name, value in source.items()}
    weights[in_file + 'classifier.0.weight'] = torch.ones(2, 2)
    if 'backbone' in in_file:
        weights[in_file.replace('backbone', 'head')] = torch.ones(2, 2)
    torch.save({key: weights} if key else weights, tmp_path / 'vgg')
    model = pretrained(tmp_path / 'vgg', 11, prefix=prefix, **arguments)

    assert model.features[0].conv.weight.dtype == torch.float32
    assert model.state_dict().keys() == source.keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, source[name].to(value.dtype))


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
@pytest.mark.parametrize('names', [torchvision, released])
def test_other_names_are_loaded_under_any_prefix(names, prefix):
    theirs = names(device='cpu')
    vgg = NonLocalVGG(11, (2, 5) if names is released else ())
    model = nn.ModuleDict(dict(backbone=vgg)) if prefix else vgg
    model.load_state_dict({prefix + name: value for name, value in theirs.items()})

    ours = convert(theirs, 'mmccam')
    for name, value in vgg.state_dict().items():
        assert torch.equal(value, ours[f'backbone.{name}'])


def test_a_copy_loads_other_names_itself():
    original = NonLocalVGG(11, (), num_stages=2)
    before = original.features[2].conv.weight.clone()
    weights = torchvision(device='cpu')
    for model in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        model.load_state_dict(weights, strict=False)
        # The second convolution is behind a pool, in torchvision behind a ReLU, too.
        assert torch.equal(model.features[2].conv.weight, weights['features.3.weight'])
    assert torch.equal(original.features[2].conv.weight, before)


def test_a_pretrained_file_comes_after_other_initializations_and_once(tmp_path):
    weights = NonLocalVGG(11, (), num_stages=1).state_dict()
    torch.save(weights, tmp_path / 'vgg')
    constant = dict(type='Constant', layer='Conv2d', val=3)
    file = dict(type='Pretrained', checkpoint=str(tmp_path / 'vgg'))
    vgg = NonLocalVGG(11, (), num_stages=1, init_cfg=[file, constant])
    # The constants are those of the backbone, and of a model that it is a part of.
    model = Sequential(vgg, init_cfg=constant)
    model.init_weights()
    assert torch.equal(vgg.features[0].conv.bias, weights['features.0.conv.bias'])
    nn.init.constant_(vgg.features[0].conv.bias, 5)
    model.init_weights()
    assert vgg.features[0].conv.bias.unique().tolist() == [5]


@pytest.mark.parametrize(
    ('weights', 'arguments', 'message'),
    [
        (lambda: torchvision(13), {}, 'it lacks features.2.conv.weight and 7 more'),
        (torchvision, dict(norm_cfg=BN), 'it lacks features.0.bn.weight'),
        (lambda: torchvision(norm=True), {}, 'the backbone has no features.0.bn.w'),
        (lambda: without(mmccam(11), '.7.conv.bias'), {}, 'it lacks features.7.conv.b'),
        (lambda: mmccam(11, reduction=4), {}, r'non_local.* shape \(32,.*not \(16,'),
        (lambda: {'conv1.bias': torch.ones(1)}, {}, 'it is no VGG .* holds conv1.bias'),
        (lambda: {'features.0.conv.bias': 1}, {}, 'it holds no weights'),
    ],
)
@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_weights_that_do_not_match_are_refused(weights, arguments, message, prefix):
    with torch.device('meta'):
        vgg = NonLocalVGG(11, **arguments)
    model = nn.ModuleDict(dict(backbone=vgg)) if prefix else vgg
    weights = {prefix + k.removeprefix('backbone.'): v for k, v in weights().items()}
    message = f'^the checkpoint does not match the backbone: .*{message}'
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(weights, strict=False)


@pytest.mark.parametrize(
    ('content', 'prefix', 'error', 'message'),
    [
        ({}, None, ValueError, '{}: the checkpoint does not match the backbone: '),
        ({'fc.bias': torch.ones(1)}, 'vgg', ValueError, '{}: vgg. is not in the pretr'),
        ([1], None, ValueError, 'No state_dict found in checkpoint file {}'),
        (None, None, FileNotFoundError, 'there is no checkpoint {}'),
    ],
)
def test_the_file_that_is_refused_is_named(tmp_path, content, prefix, error, message):
    path = tmp_path / 'vgg.pth'
    if content is not None:
        torch.save(content, path)
    with pytest.raises(error, match=f'^{message.format(path)}'):
        pretrained(path, 11, (), num_stages=1, prefix=prefix)
