import pytest
import torch
from mmengine.model import convert_sync_batchnorm
from mmpretrain.models import VGG
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from norms import shuffle_norms
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmccam.models import NonLocalVGG
from mmccam.models.backbones import non_local_vgg

pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias:UserWarning')

BN = dict(type='BN')


@pytest.mark.parametrize('stages', [(), (1,), (2, 3), (4, 5), (1, 2, 3, 4, 5)])
def test_every_parameter_of_a_classifier_gets_a_gradient(images, stages):
    vgg = dict(depth=11, extra_conv=8, non_local_stages=stages)
    head = dict(type='mmccam.GAPClsHead', num_classes=4, in_channels=8)
    backbone = dict(type='mmccam.NonLocalVGG', **vgg)
    cfg = dict(type='ImageClassifier', backbone=backbone, head=head)
    model = MMPRETRAIN_MODELS.build(cfg)
    # In evaluation, since in training a batch norm takes away what a bias adds to all
    # positions.
    shuffle_norms(model).eval()
    samples = [DataSample().set_gt_label(label) for label in (1, 3)]
    model(images, samples, mode='loss')['loss'].backward()
    for name, parameter in model.named_parameters():
        # The bias of g adds the same to the products of a position with all others, and
        # the softmax takes it away again: its gradient is 0 or what rounding leaves.
        assert name.endswith('key.bias') or parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize('depth', [11, 13, 16, 19])
@pytest.mark.parametrize(
    ('norm_cfg', 'stages'), [(None, ()), (BN, ()), (BN, (1, 2, 3, 4, 5))]
)
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


def test_channels_of_blocks_and_sizes_of_maps(images):
    model = NonLocalVGG(11, (1, 2, 3, 4, 5), 4, out_indices=(0, 1, 2, 3, 4))
    blocks = model.non_local_blocks.values()
    widths = [tuple(block.query.weight.shape[:2]) for block in blocks]
    assert widths == [(16, 64), (32, 128), (64, 256), (128, 512), (128, 512)]
    # 32 x 48 is halved by four pools; stage 5 has none.
    sizes = [(64, 16, 24), (128, 8, 12), (256, 4, 6), (512, 2, 3), (512, 2, 3)]
    assert [tuple(map_.shape[1:]) for map_ in model(images)] == sizes


@pytest.mark.parametrize(
    ('num_stages', 'shape'), [(1, (64, 32, 48)), (2, (128, 16, 24)), (5, (512, 2, 3))]
)
def test_num_stages(images, num_stages, shape):
    # Only the last of the stages has no pool.
    (last,) = NonLocalVGG(11, (1,), num_stages=num_stages)(images)
    assert last.shape[1:] == shape


def test_extra_conv_stands_behind_the_last_block(images):
    model = NonLocalVGG(11, (5,), extra_conv=96).eval()
    nn.init.ones_(model.non_local_blocks['5'].bn.bias)
    (last,) = model(images)
    expected = model.extra_conv(model.features(images) + 1)
    torch.testing.assert_close(last, expected, rtol=0, atol=0)
    assert last.shape[1:] == (96, 2, 3)
    assert last.min() >= 0  # its activation


@pytest.mark.parametrize('frozen_stages', [-1, 0, 1, 3, 5])
def test_frozen_stages_without_their_blocks(frozen_stages):
    model = NonLocalVGG(11, frozen_stages=frozen_stages, extra_conv=8, norm_cfg=BN)
    model.train()
    # Convolutions of the stages of VGG-11; each has four parameters with its norm.
    frozen = sum([1, 1, 2, 2, 2][: max(frozen_stages, 0)])
    trainable = [p.requires_grad for p in model.features.parameters()]
    assert trainable == [False] * 4 * frozen + [True] * 4 * (8 - frozen)
    norms = [m.training for m in model.features.modules() if isinstance(m, _BatchNorm)]
    assert norms == [False] * frozen + [True] * (8 - frozen)
    for part in (model.non_local_blocks, model.extra_conv):
        assert all(p.requires_grad for p in part.parameters())
        assert all(module.training for module in part.modules())


def test_norm_eval():
    model = NonLocalVGG(11, (2,), norm_cfg=BN, norm_eval=True, extra_conv=8).train()
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    assert len(norms) == 10  # 8 convolutions, the extra one, a block
    assert not any(norm.training for norm in norms)
    assert model.training


def test_norms_of_blocks_can_be_those_of_all_processes(images):
    model = NonLocalVGG(11).eval()
    expected = model(images)[0]
    # What mmengine's runner does where a config has sync_bn='torch'.
    model = convert_sync_batchnorm(model, 'torch')

    norms = [block.bn for block in model.non_local_blocks.values()]
    assert [type(norm) for norm in norms] == 4 * [nn.SyncBatchNorm]
    assert torch.equal(model(images)[0], expected)


def test_blocks_survive_init_weights():
    model = NonLocalVGG(11, (1, 2, 5), norm_cfg=BN)
    model.init_weights()
    gains = [block.bn.weight.abs().max() for block in model.non_local_blocks.values()]
    assert gains == [0, 0, 0]
    assert model.features[0].bn.weight.min() == 1


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('depth', 12, r'must be one of \[11, 13, 16, 19\], got 12'),
        ('num_stages', 0, 'must lie between 1 and 5, got 0'),
        ('num_stages', 6, 'must lie between 1 and 5, got 6'),
        ('non_local_stages', (0, 2), 'must lie between 1 and 5, got 0'),
        ('non_local_stages', (2, 6), 'must lie between 1 and 5, got 6'),
        ('num_stages', 4, 'and 4, got 5'),  # of the default blocks
        ('out_indices', (5,), 'must lie between 0 and 4, got 5'),
        ('out_indices', (-1,), 'must lie between 0 and 4, got -1'),
        ('frozen_stages', 6, 'must lie between -1 and 5, got 6'),
        ('frozen_stages', -2, 'must lie between -1 and 5, got -2'),
    ],
)
def test_argument_out_of_range(name, value, message):
    with pytest.raises(ValueError, match=message):
        NonLocalVGG(**{'depth': 11, name: value})


@pytest.mark.parametrize('frozen_stages', [-1, 2])
def test_checkpointing_changes_no_gradient(images, frozen_stages):
    model = NonLocalVGG(11, frozen_stages=frozen_stages).train()
    again = NonLocalVGG(11, frozen_stages=frozen_stages, with_cp=True).train()
    again.load_state_dict(model.state_dict())
    for network in (model, again):
        network(images)[0].square().mean().backward()
    gradients, expected = ([p.grad for p in m.parameters()] for m in (again, model))
    torch.testing.assert_close(gradients, expected, rtol=0, atol=0)
    torch.testing.assert_close(again.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_checkpointing_keeps_less_for_the_backward_pass(images):
    sums = []

    def note(x):
        if not x.is_leaf:  # a parameter
            sums[-1] += x.numel()
        return x

    with torch.autograd.graph.saved_tensors_hooks(note, lambda x: x):
        for with_cp in (False, True):
            sums.append(0)
            NonLocalVGG(11, with_cp=with_cp).train()(images)
    assert 0 < sums[1] < sums[0] / 2


def test_checkpointing_with_norms_that_count_is_refused():
    with pytest.raises(ValueError, match="with_cp needs norm_eval .* {'type': 'BN'}"):
        NonLocalVGG(11, norm_cfg=BN, with_cp=True)


def test_both_memory_formats_agree(images):
    model = shuffle_norms(NonLocalVGG(11, channels_last=True)).eval()
    other = shuffle_norms(NonLocalVGG(11, channels_last=False)).eval()
    other.load_state_dict(model.state_dict())
    (found,), (expected,) = model(images), other(images)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert expected.is_contiguous()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    'has_avx512, training, is_last',
    [(True, True, True), (False, True, False), (False, False, True)],
)
def test_the_memory_format_is_the_faster_one(
    monkeypatch, images, has_avx512, training, is_last
):
    monkeypatch.setattr(non_local_vgg, 'HAS_AVX512', has_avx512)
    (maps,) = NonLocalVGG(11, ()).train(training)(images)
    assert maps.is_contiguous(memory_format=torch.channels_last) == is_last
