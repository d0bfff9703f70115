import re

import pytest
import torch
from mmengine.model import Sequential
from mmpretrain.models import VGG
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models import vgg as torchvision_vgg

from mmccam.models import NonLocalVGG
from mmccam.registry import MODELS

# mmpretrain's VGG has them, and so have the files of torchvision.
pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')

BN = dict(type='BN')


@pytest.fixture
def tmp_path(tmp_path):
    """The directory, without the files of 40 to 80 MB once a test is over."""
    yield tmp_path
    for file in tmp_path.iterdir():
        file.unlink()


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 32, 48, generator=generator)


def shuffle_norms(model):
    """Give the batch norms of a model values that none of them starts with."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


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


# Layers


@pytest.mark.parametrize('depth', [11, 13, 16, 19])
@pytest.mark.parametrize('stages', [(), (1,), (2, 3), (4, 5), (2, 3, 4, 5)])
def test_every_parameter_gets_a_gradient(depth, stages):
    # In evaluation, since in training a batch norm takes away what a bias adds to all
    # positions.
    model = NonLocalVGG(depth, stages)
    model.init_weights()
    shuffle_norms(model).eval()
    model(torch.randn(1, 3, 32, 32))[0].square().mean().backward()
    # The bias of g adds the same to the products of a position with all others, and the
    # softmax takes it away again: its gradient is 0 or what rounding leaves.
    without = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None
        or (not name.endswith('key.bias') and parameter.grad.abs().max() == 0)
    ]
    assert without == []


@pytest.mark.parametrize('depth', [11, 13, 16, 19])
@pytest.mark.parametrize('norm_cfg', [None, BN])
@pytest.mark.parametrize('stages', [(), (1, 2, 3, 4, 5)])
def test_fresh_model_equals_vgg(images, depth, norm_cfg, stages):
    vgg = VGG(depth, norm_cfg=norm_cfg, with_last_pool=False)
    vgg.eval()  # which returns nothing
    model = NonLocalVGG(depth, stages, norm_cfg=norm_cfg).eval()
    missing, unexpected = model.load_state_dict(vgg.state_dict(), strict=False)
    assert unexpected == []
    assert {name.split('.')[0] for name in missing} <= {'non_local_blocks'}
    torch.testing.assert_close(model(images), vgg(images), rtol=0, atol=0)


def test_blocks_stand_behind_the_pools(images):
    # With gain 0 and bias 1 a block adds 1 to its input.
    model = NonLocalVGG(11, (2, 5), out_indices=(0, 1, 4)).eval()
    for block in model.non_local_blocks.values():
        nn.init.ones_(block.bn.bias)
    first, second, last = model(images)
    # VGG-11: convolution, pool | convolution, pool | ... with the last pool left out.
    plain = model.features[2:4](first)
    torch.testing.assert_close(second, plain + 1, rtol=0, atol=0)
    torch.testing.assert_close(last, model.features[4:](second) + 1, rtol=0, atol=0)


def test_blocks_have_the_channels_of_their_stages():
    blocks = NonLocalVGG(11, (1, 2, 3, 4, 5), reduction=4).non_local_blocks
    widths = {k: block.query.weight.shape[:2] for k, block in blocks.items()}
    assert widths == {
        '1': (16, 64),
        '2': (32, 128),
        '3': (64, 256),
        '4': (128, 512),
        '5': (128, 512),
    }


def test_default_blocks():
    assert list(NonLocalVGG().non_local_blocks) == ['2', '3', '4', '5']


def test_out_indices(images):
    maps = NonLocalVGG(11, out_indices=(0, 1, 2, 3, 4))(images)
    # 32 x 48 is halved by four pools; stage 5 has none.
    assert [tuple(map_.shape[1:]) for map_ in maps] == [
        (64, 16, 24),
        (128, 8, 12),
        (256, 4, 6),
        (512, 2, 3),
        (512, 2, 3),
    ]


@pytest.mark.parametrize(
    ('num_stages', 'shape'),
    [(1, (64, 32, 48)), (2, (128, 16, 24)), (3, (256, 8, 12)), (5, (512, 2, 3))],
)
def test_num_stages(images, num_stages, shape):
    # Only the last of the stages has no pool.
    (last,) = NonLocalVGG(11, (1,), num_stages=num_stages)(images)
    assert last.shape[1:] == shape


def test_extra_conv(images):
    model = NonLocalVGG(11, (), extra_conv=96)
    (last,) = model(images)
    assert last.shape[1:] == (96, 2, 3)
    assert model.extra_conv.conv.in_channels == 512
    assert last.min() >= 0  # its activation


def test_extra_conv_stands_behind_the_last_block(images):
    model = NonLocalVGG(11, (5,), extra_conv=8).eval()
    nn.init.ones_(model.non_local_blocks['5'].bn.bias)
    expected = model.extra_conv(model.features(images) + 1)
    torch.testing.assert_close(model(images)[0], expected, rtol=0, atol=0)


def test_norm(images):
    model = NonLocalVGG(11, (), norm_cfg=BN, extra_conv=8)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 9  # 8 convolutions and the extra one
    assert len(NonLocalVGG(11, ()).features) == len(model.features)


def test_activation(images):
    model = NonLocalVGG(11, (), act_cfg=dict(type='LeakyReLU', negative_slope=0.2))
    with torch.no_grad():
        model.features[0].conv.weight.zero_()
        model.features[0].conv.bias.fill_(-1)
    assert model.features[0](images).unique().item() == pytest.approx(-0.2)


def test_built_by_name():
    model = MODELS.build(dict(type='mmccam.NonLocalVGG', depth=11))
    assert isinstance(model, NonLocalVGG)


# Training


@pytest.mark.parametrize('frozen_stages', [-1, 0, 1, 3, 5])
def test_frozen_stages(frozen_stages):
    model = NonLocalVGG(11, (2, 3, 4, 5), frozen_stages=frozen_stages, norm_cfg=BN)
    # Parameters of the stages of VGG-11: one or two convolutions with their norms.
    counts = [1 * 4, 1 * 4, 2 * 4, 2 * 4, 2 * 4]
    num_frozen = sum(counts[: max(frozen_stages, 0)])
    trainable = [p.requires_grad for p in model.features.parameters()]
    assert trainable == [False] * num_frozen + [True] * (sum(counts) - num_frozen)


@pytest.mark.parametrize('frozen_stages', [1, 5])
def test_blocks_are_never_frozen(frozen_stages):
    model = NonLocalVGG(11, frozen_stages=frozen_stages, extra_conv=8).train()
    parts = [model.non_local_blocks, model.extra_conv]
    assert all(p.requires_grad for part in parts for p in part.parameters())
    assert all(block.bn.training for block in model.non_local_blocks.values())


def test_frozen_norms_stay_in_evaluation():
    model = NonLocalVGG(11, (), frozen_stages=1, norm_cfg=BN).train()
    # One convolution, its pool, the next convolution.
    assert not model.features[0].bn.training
    assert model.features[2].bn.training


def test_norm_eval():
    model = NonLocalVGG(11, (2,), norm_cfg=BN, norm_eval=True).train()
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    assert len(norms) == 9
    assert not any(norm.training for norm in norms)
    assert model.training


@pytest.mark.parametrize('mode', [True, False])
def test_train_returns_the_module(mode):
    model = NonLocalVGG(11, num_stages=2, non_local_stages=())
    assert model.train(mode) is model
    assert model.training is mode


def test_eval_returns_the_module():
    model = NonLocalVGG(11, num_stages=2, non_local_stages=())
    assert model.eval() is model


def test_blocks_survive_init_weights():
    model = NonLocalVGG(11, (1, 2, 5), norm_cfg=BN)
    model.init_weights()
    gains = [block.bn.weight.abs().max() for block in model.non_local_blocks.values()]
    assert gains == [0, 0, 0]
    assert model.features[0].bn.weight.min() == 1


# Errors


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'depth': 12}, r'depth must be one of \[11, 13, 16, 19\], got 12'),
        ({'num_stages': 0}, 'num_stages must be 1 to 5, got 0'),
        ({'num_stages': 6}, 'num_stages must be 1 to 5, got 6'),
        (
            {'non_local_stages': (0, 2)},
            'non_local_stages must lie between 1 and 5, got 0',
        ),
        (
            {'non_local_stages': (2, 6)},
            'non_local_stages must lie between 1 and 5, got 6',
        ),
        ({'num_stages': 4}, 'non_local_stages must lie between 1 and 4, got 5'),
        ({'out_indices': (5,)}, 'out_indices must lie between 0 and 4, got 5'),
        ({'out_indices': (-1,)}, 'out_indices must lie between 0 and 4, got -1'),
        ({'frozen_stages': 6}, 'frozen_stages must lie between -1 and 5, got 6'),
        ({'frozen_stages': -2}, 'frozen_stages must lie between -1 and 5, got -2'),
        ({'reduction': 0}, 'reduction must lie between 1 and .* 128, got 0'),
        ({'reduction': 129}, 'reduction must lie between 1 and .* 128, got 129'),
    ],
)
def test_argument_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        NonLocalVGG(**{'depth': 11, **arguments})


# Pretrained files


@pytest.mark.parametrize('norm', [False, True])
@pytest.mark.parametrize('stages', [(), (1, 2, 3, 4, 5)])
def test_torchvision_file(tmp_path, images, norm, stages):
    features = torchvision_features(norm=norm)
    model = pretrained(
        torchvision_file(tmp_path / 'vgg.pth', features),
        non_local_stages=stages,
        norm_cfg=BN if norm else None,
    )
    model.init_weights()
    # The last of torchvision's layers is the pool that we leave out.
    torch.testing.assert_close(
        model.eval()(images)[0], features[:-1](images), rtol=1e-5, atol=1e-6
    )
    assert torch.equal(model.features[0].conv.weight, features[0].weight)
    assert torch.equal(model.features[-1].conv.bias, features[-4 if norm else -3].bias)


@pytest.mark.parametrize('depth', [13, 16, 19])
def test_torchvision_file_of_each_depth(tmp_path, images, depth):
    features = torchvision_features(depth)
    model = pretrained(torchvision_file(tmp_path / 'vgg.pth', features), depth)
    model.init_weights()
    torch.testing.assert_close(
        model.eval()(images)[0], features[:-1](images), rtol=1e-5, atol=1e-6
    )


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
def test_backbone_file(tmp_path, nested):
    vgg = VGG(11)
    state_dict = vgg.state_dict()
    torch.save(
        dict(state_dict=state_dict) if nested else state_dict, tmp_path / 'vgg.pth'
    )
    model = pretrained(tmp_path / 'vgg.pth', non_local_stages=())
    model.init_weights()
    loaded = model.state_dict()
    assert loaded.keys() == state_dict.keys()
    assert all(torch.equal(loaded[name], state_dict[name]) for name in loaded)


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_mmccam_file_with_blocks(tmp_path, prefix):
    source = shuffle_norms(NonLocalVGG(11, (2, 5), extra_conv=8)).state_dict()
    path = tmp_path / 'model.pth'
    torch.save({'state_dict': {prefix + k: v for k, v in source.items()}}, path)
    model = pretrained(path, non_local_stages=(2, 5), extra_conv=8)
    model.init_weights()
    loaded = model.state_dict()
    assert loaded.keys() == source.keys()
    assert all(torch.equal(loaded[name], source[name]) for name in loaded)


def test_prefix_of_another_model(tmp_path):
    source = NonLocalVGG(11, ()).state_dict()
    path = tmp_path / 'model.pth'
    torch.save({f'teacher.vgg.{k}': v for k, v in source.items()}, path)
    model = pretrained(path, prefix='teacher.vgg', non_local_stages=())
    model.init_weights()
    assert all(torch.equal(v, source[k]) for k, v in model.state_dict().items())


def test_blocks_survive_a_pretrained_file(tmp_path):
    path = torchvision_file(tmp_path / 'vgg.pth', torchvision_features(norm=True))
    model = pretrained(path, non_local_stages=(1, 5), norm_cfg=BN)
    model.init_weights()
    gains = [block.bn.weight.abs().max() for block in model.non_local_blocks.values()]
    assert gains == [0, 0]


def test_pretrained_file_comes_after_other_initializations(tmp_path):
    features = torchvision_features()
    path = torchvision_file(tmp_path / 'vgg.pth', features)
    init_cfg = [
        dict(type='Pretrained', checkpoint=path),
        dict(type='Constant', layer='Conv2d', val=3),
    ]
    model = NonLocalVGG(11, (), init_cfg=init_cfg)
    model.init_weights()
    assert torch.equal(model.features[0].conv.weight, features[0].weight)


def test_pretrained_file_inside_a_model(tmp_path):
    features = torchvision_features()
    path = torchvision_file(tmp_path / 'vgg.pth', features)
    model = Sequential(
        pretrained(path, non_local_stages=()),
        init_cfg=dict(type='Constant', layer='Conv2d', val=3),
    )
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


@pytest.mark.parametrize(
    ('source', 'arguments'),
    [
        (lambda: torchvision_features(13), {}),
        (torchvision_features, {'norm_cfg': BN}),
        (lambda: torchvision_features(norm=True), {}),
    ],
    ids=['other depth', 'no norm', 'norm'],
)
def test_torchvision_file_of_another_vgg(tmp_path, source, arguments):
    path = torchvision_file(tmp_path / 'other.pth', source())
    model = pretrained(path, non_local_stages=(), **arguments)
    message = f'{re.escape(path)} does not fit .* holds features.0.weight'
    with pytest.raises(ValueError, match=message):
        model.init_weights()


def test_mmpretrain_file_with_norm_for_a_model_without(tmp_path):
    torch.save(VGG(11, norm_cfg=BN).state_dict(), tmp_path / 'vgg.pth')
    with pytest.raises(ValueError, match='vgg.pth does not fit'):
        pretrained(tmp_path / 'vgg.pth').init_weights()


def test_mmpretrain_file_without_norm_for_a_model_with(tmp_path):
    torch.save(VGG(11).state_dict(), tmp_path / 'vgg.pth')
    message = 'vgg.pth does not fit .* the first is features.0.bn.weight'
    with pytest.raises(ValueError, match=message):
        pretrained(tmp_path / 'vgg.pth', norm_cfg=BN).init_weights()


def test_mmpretrain_file_of_another_depth(tmp_path):
    path = tmp_path / 'vgg11.pth'
    torch.save(VGG(11).state_dict(), path)
    # VGG-13 has two more convolutions; the first that VGG-11 lacks is the second.
    message = 'vgg11.pth does not fit .* the first is features.1.conv.weight'
    with pytest.raises(ValueError, match=message):
        pretrained(path, depth=13).init_weights()


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


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.pth'):
        pretrained(tmp_path / 'no.pth').init_weights()
