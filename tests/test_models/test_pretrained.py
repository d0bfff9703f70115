"""Files of pretrained weights for the backbone."""

import re

import pytest
import torch
from mmengine.model import Sequential
from mmpretrain.models import VGG
from norms import shuffle_norms
from torchvision.models import vgg as torchvision_vgg

from mmccam.models import NonLocalVGG

# mmpretrain's VGG has them, and so have the files of torchvision.
pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')

BN = dict(type='BN')


@pytest.fixture
def tmp_path(tmp_path):
    """The directory, without the files of 40 to 80 MB once a test is over."""
    yield tmp_path
    for file in tmp_path.iterdir():
        file.unlink()


def torchvision_features(depth=11, norm=False):
    """The convolutions of torchvision's VGG with the last pool."""
    letter = {11: 'A', 13: 'B', 16: 'D', 19: 'E'}[depth]
    layers = torchvision_vgg.make_layers(torchvision_vgg.cfgs[letter], norm)
    return shuffle_norms(layers).eval()


def torchvision_file(path, features, dtype=torch.float32):
    """Write features as torchvision does, with a small classifier."""
    state_dict = {f'features.{k}': v for k, v in features.state_dict().items()}
    state_dict['classifier.0.weight'] = torch.ones(2, 2)
    torch.save({k: v.to(dtype) for k, v in state_dict.items()}, path)
    return str(path)


def pretrained(checkpoint, depth=11, prefix=None, **kwargs):
    init_cfg = dict(type='Pretrained', checkpoint=str(checkpoint))
    if prefix is not None:
        init_cfg['prefix'] = prefix
    return NonLocalVGG(depth, init_cfg=init_cfg, **kwargs)


@pytest.mark.parametrize(
    ('depth', 'norm', 'stages'),
    [
        (11, False, ()),
        (11, True, (1, 2, 3, 4, 5)),
        (13, True, (2, 3)),
        (16, False, (2, 3, 4, 5)),
        (19, False, (5,)),
    ],
)
def test_torchvision_file(tmp_path, images, depth, norm, stages):
    features = torchvision_features(depth, norm)
    path = torchvision_file(tmp_path / 'vgg.pth', features)
    norm_cfg = BN if norm else None
    model = pretrained(path, depth, non_local_stages=stages, norm_cfg=norm_cfg)
    model.init_weights()
    # The blocks are the identity, as without a file. The last of torchvision's layers
    # is the pool that we leave out.
    torch.testing.assert_close(
        model.eval()(images)[0], features[:-1](images), rtol=1e-5, atol=1e-6
    )
    assert torch.equal(model.features[0].conv.weight, features[0].weight)
    assert torch.equal(model.features[-1].conv.bias, features[-4 if norm else -3].bias)


def test_torchvision_file_of_half_precision(tmp_path):
    features = torchvision_features()
    path = torchvision_file(tmp_path / 'vgg.pth', features, torch.float16)
    model = pretrained(path, non_local_stages=())
    model.init_weights()
    # Layers of torchvision's VGG-11: convolution, ReLU, pool, convolution.
    weight = model.features[2].conv.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, features[3].weight.half().float())


@pytest.mark.parametrize('prefix', [None, 'backbone', 'backbone.'])
@pytest.mark.parametrize('norm_cfg', [None, BN])
def test_mmpretrain_classifier_file(tmp_path, images, prefix, norm_cfg):
    vgg = VGG(11, norm_cfg=norm_cfg, with_last_pool=False)
    vgg.init_weights()
    shuffle_norms(vgg).eval()
    state_dict = {f'backbone.{k}': v for k, v in vgg.state_dict().items()}
    state_dict['head.fc.weight'] = torch.ones(2, 2)
    torch.save(dict(meta={}, state_dict=state_dict), tmp_path / 'model.pth')
    model = pretrained(tmp_path / 'model.pth', prefix=prefix, norm_cfg=norm_cfg)
    model.init_weights()
    torch.testing.assert_close(model.eval()(images), vgg(images), rtol=0, atol=0)


@pytest.mark.parametrize('nested', [False, True])
@pytest.mark.parametrize(
    ('in_file', 'prefix'),
    [('', None), ('backbone.', None), ('teacher.vgg.', 'teacher.vgg')],
)
@pytest.mark.parametrize(
    'arguments', [dict(non_local_stages=()), dict(non_local_stages=(2,), extra_conv=8)]
)
def test_all_weights_of_a_file(tmp_path, nested, in_file, prefix, arguments):
    source = shuffle_norms(NonLocalVGG(11, **arguments)).state_dict()
    path = tmp_path / 'model.pth'
    state_dict = {in_file + name: value for name, value in source.items()}
    torch.save(dict(state_dict=state_dict) if nested else state_dict, path)
    model = pretrained(path, prefix=prefix, **arguments)
    model.init_weights()
    loaded = model.state_dict()
    assert loaded.keys() == source.keys()
    assert all(torch.equal(loaded[name], source[name]) for name in loaded)


def test_pretrained_file_comes_after_other_initializations(tmp_path):
    features = torchvision_features()
    path = torchvision_file(tmp_path / 'vgg.pth', features)
    constant = dict(type='Constant', layer='Conv2d', val=3)
    init_cfg = [dict(type='Pretrained', checkpoint=path), constant]
    # Those of the backbone itself, and those of a model that it is a part of.
    model = Sequential(NonLocalVGG(11, (), init_cfg=init_cfg), init_cfg=constant)
    model.init_weights()
    assert torch.equal(model[0].features[0].conv.weight, features[0].weight)


def test_mmpretrain_file_for_fewer_stages(tmp_path):
    vgg = VGG(11)
    torch.save(vgg.state_dict(), tmp_path / 'vgg.pth')
    model = pretrained(tmp_path / 'vgg.pth', non_local_stages=(), num_stages=2)
    model.init_weights()
    # Convolution, pool, convolution.
    assert torch.equal(model.features[2].conv.weight, vgg.features[2].conv.weight)


def test_second_init_weights_changes_nothing(tmp_path):
    path = torchvision_file(tmp_path / 'vgg.pth', torchvision_features())
    model = pretrained(path, non_local_stages=())
    model.init_weights()
    with torch.no_grad():
        model.features[0].conv.bias.fill_(5)
    model.init_weights()
    assert model.features[0].conv.bias.unique().tolist() == [5]


def test_file_that_does_not_count_the_batches(tmp_path):
    path = tmp_path / 'vgg11_bn.pth'
    features = torchvision_features(norm=True)
    state_dict = {f'features.{k}': v for k, v in features.state_dict().items()}
    counters = [name for name in state_dict if name.endswith('num_batches_tracked')]
    for name in counters:
        del state_dict[name]
    torch.save(state_dict, path)

    model = pretrained(path, non_local_stages=(), norm_cfg=BN)
    model.init_weights()

    assert len(counters) == 8
    variance = model.features[0].bn.running_var
    torch.testing.assert_close(variance, state_dict['features.1.running_var'])


@pytest.mark.parametrize(
    ('source', 'arguments', 'layers'),
    [
        (lambda: torchvision_features(13), {}, '10 .* the backbone 8'),
        (torchvision_features, {'norm_cfg': BN}, '8 .* the backbone 16'),
        (lambda: torchvision_features(norm=True), {}, '16 .* the backbone 8'),
    ],
    ids=['other depth', 'no norm', 'norm'],
)
def test_torchvision_file_of_another_vgg(tmp_path, source, arguments, layers):
    path = torchvision_file(tmp_path / 'other.pth', source())
    model = pretrained(path, non_local_stages=(), **arguments)
    message = f'{re.escape(path)} does not fit .* it has {layers}$'
    with pytest.raises(ValueError, match=message):
        model.init_weights()


@pytest.mark.parametrize(
    ('source', 'depth', 'norm_cfg', 'message'),
    [
        (dict(depth=11, norm_cfg=BN), 11, None, 'which has no features.0.bn.weight'),
        (dict(depth=11), 11, BN, 'the first is features.0.bn.weight'),
        # VGG-13 has two more convolutions; the first that VGG-11 lacks is the second.
        (dict(depth=11), 13, None, 'the first is features.1.conv.weight'),
    ],
    ids=['norm', 'no norm', 'other depth'],
)
def test_mmpretrain_file_of_another_vgg(tmp_path, source, depth, norm_cfg, message):
    path = tmp_path / 'vgg.pth'
    torch.save(VGG(**source).state_dict(), path)
    with pytest.raises(ValueError, match=f'vgg.pth does not fit .* {message}'):
        pretrained(path, depth, norm_cfg=norm_cfg).init_weights()


def test_file_of_something_else(tmp_path):
    path = tmp_path / 'resnet.pth'
    torch.save({'conv1.weight': torch.ones(1), 'bn1.bias': torch.ones(1)}, path)
    # VGG-11 has 8 convolutions, each with weight and bias.
    message = (
        'resnet.pth does not fit the backbone: 16 weights are missing, the first is '
        'features.0.conv.weight; the file holds conv1.weight, bn1.bias'
    )
    with pytest.raises(ValueError, match=message):
        pretrained(path).init_weights()


def test_wrong_prefix(tmp_path):
    path = tmp_path / 'vgg.pth'
    torch.save(VGG(11).state_dict(), path)
    with pytest.raises(ValueError, match='does not fit .* the file holds nothing'):
        pretrained(path, prefix='backbone.').init_weights()


def test_wrong_shape(tmp_path):
    state_dict = VGG(11).state_dict()
    state_dict['features.2.conv.bias'] = torch.ones(7)
    torch.save(state_dict, tmp_path / 'vgg.pth')
    message = r'features.2.conv.bias has the shape \(7,\), not \(128,\)'
    with pytest.raises(ValueError, match=message):
        pretrained(tmp_path / 'vgg.pth').init_weights()


def test_wrong_shape_of_a_block(tmp_path):
    torch.save(NonLocalVGG(11, (2,), reduction=4).state_dict(), tmp_path / 'vgg.pth')
    # 128 channels, reduced to 32 in the file and to 16 in the model.
    message = r'non_local_blocks.2.\w+.\w+ has the shape \(32,.*not \(16,'
    with pytest.raises(ValueError, match=message):
        pretrained(tmp_path / 'vgg.pth', non_local_stages=(2,)).init_weights()


def test_a_file_without_weights(tmp_path):
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='list.pth holds no weights but a list'):
        pretrained(tmp_path / 'list.pth').init_weights()


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.pth'):
        pretrained(tmp_path / 'no.pth').init_weights()
