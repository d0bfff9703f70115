import numpy as np
import pytest
import torch
from mmengine.model import Sequential

from mmccam.models import NonLocalBlock

LAYERS = dict(query='query_conv', key='key_conv', value='value_conv')
RELEASED_NAMES = dict(LAYERS, project='mix_conv', bn='bn')


@pytest.fixture
def released(golden):
    with np.load(golden / 'nonlocal_block.npz') as file:
        return {name: torch.from_numpy(file[name]) for name in file}


@pytest.fixture
def released_block(released):
    """The released block of 32 channels, in evaluation."""
    block = NonLocalBlock(32)
    state_dict = {}
    for name in block.state_dict():
        layer, parameter = name.split('.')
        state_dict[name] = released[f'sd.{RELEASED_NAMES[layer]}.{parameter}']
    block.load_state_dict(state_dict)
    return block.eval()


@pytest.mark.parametrize(('training', 'name'), [(False, 'y_eval'), (True, 'y_train')])
def test_released_output(released, released_block, training, name):
    found = released_block.train(training)(released['x'])
    torch.testing.assert_close(found, released[name], rtol=1e-5, atol=1e-5)


def test_released_gradient(released, released_block):
    x = released['x'].requires_grad_()
    released_block(x).square().sum().backward()
    torch.testing.assert_close(x.grad, released['grad_x_eval'], rtol=1e-5, atol=1e-5)


def test_output_by_hand():
    block = NonLocalBlock(4, reduction=1).eval()
    eye = torch.eye(4).view(4, 4, 1, 1)
    weights = {name: torch.zeros_like(x) for name, x in block.state_dict().items()}
    weights['query.bias'] = torch.tensor([3.0, 1, 1, 1]).log()
    weights.update({'key.weight': eye, 'value.weight': eye, 'project.weight': 2 * eye})
    weights.update({'bn.weight': torch.ones(4), 'bn.running_var': torch.ones(4)})
    block.load_state_dict(weights)
    x = torch.zeros(1, 4, 1, 2)
    x[0, 0, 0, 1] = 1
    # f(x) = (ln 3, 0, 0, 0) everywhere and g(x) = x: the products are 0 and ln 3, so
    # both positions attend to 0 with 1/4 and to 1 with 3/4 (1/sqrt(4) of the products
    # would give others). k(h(x)) = 2 x makes it 2 * 3/4 = 1.5, added to 0 and to 1.
    expected = torch.zeros(1, 4, 1, 2)
    expected[0, 0, 0] = torch.tensor([1.5, 2.5])
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('size', [(1, 1), (7, 5)])
@pytest.mark.parametrize('training', [True, False])
def test_fresh_block_is_the_identity_also_after_init_weights(size, training):
    block, x = NonLocalBlock(16).train(training), torch.randn(2, 16, *size)
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)
    block.init_weights()
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)


def test_a_parent_that_initializes_its_norms_leaves_the_block_alone():
    kaiming = dict(type='Kaiming', layer='Conv2d')
    ones = dict(type='Constant', layer='_BatchNorm', val=1)
    model = Sequential(NonLocalBlock(16), init_cfg=[kaiming, ones])
    model.init_weights()
    x = torch.randn(2, 16, 4, 3)
    torch.testing.assert_close(model(x), x, rtol=0, atol=0)


def test_fresh_block_can_learn():
    block = NonLocalBlock(16)
    block(torch.randn(2, 16, 4, 3)).square().sum().backward()
    assert block.bn.weight.grad.abs().min() > 0


@pytest.mark.parametrize(
    ('channels', 'reduction', 'reduced'), [(32, 2, 16), (32, 32, 1), (20, 8, 2)]
)
def test_reduction(channels, reduction, reduced):
    block = NonLocalBlock(channels, reduction)
    convs = (block.query, block.key, block.value, block.project)
    widths = [conv.out_channels for conv in convs]
    assert widths == [reduced, reduced, channels, channels]


@pytest.mark.parametrize(
    ('channels', 'reduction'), [(32, 0), (32, -8), (32, 33), (4, 8)]
)
def test_reduction_out_of_range(channels, reduction):
    message = f'between 1 and the number of channels {channels}, got {reduction}'
    with pytest.raises(ValueError, match=message):
        NonLocalBlock(channels, reduction)
