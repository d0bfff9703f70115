import numpy as np
import pytest
import torch

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


@pytest.mark.parametrize('size', [(1, 1), (7, 5)])
@pytest.mark.parametrize('training', [True, False])
def test_fresh_block_is_the_identity_also_after_init_weights(size, training):
    block, x = NonLocalBlock(16).train(training), torch.randn(2, 16, *size)
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)
    block.init_weights()
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)


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
