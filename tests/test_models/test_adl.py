import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from mmccam.models.backbones.resnet import ResNet
from mmccam.models.layers.adl import (
    attention_dropout,
    attention_dropouts,
    drop_mask,
    self_attention,
)

FILE = Path(__file__).parents[1] / 'data/methods/adl.npz'
RATES = dict(drop_rate=0.75, threshold=0.9)
# With u = 0.496 and 0.004: the drop mask and the importance map.
DROPS, WEIGHTS = 0, 3


@pytest.fixture(scope='module')
def expected():
    with np.load(FILE) as file:
        return {name: torch.from_numpy(file[name]) for name in file}


@pytest.mark.parametrize(
    ('rate', 'threshold', 'seed', 'is_drop'),
    [(0.75, 0.9, 0, 1), (0.75, 0.9, 3, 0), (0.25, 0.5, 0, 0), (0.25, 0.5, 1, 1)],
)
def test_outputs_and_gradients_are_those_of_the_reference(
    expected, rate, threshold, seed, is_drop
):
    x = expected['x'].clone().requires_grad_()
    torch.manual_seed(seed)
    (act,) = attention_dropouts(['a'], rate, threshold).values()
    out = act(x, training=True)
    (out * expected['weights']).sum().backward()
    case = f'rate{rate}_threshold{threshold}_seed{seed}'
    assert expected[f'{case}.is_drop'] == is_drop
    torch.testing.assert_close(out, expected[f'{case}.out'], rtol=1e-10, atol=0)
    torch.testing.assert_close(x.grad, expected[f'{case}.grad'], rtol=1e-10, atol=0)


@pytest.mark.parametrize('threshold', [0.5, 0.9])
def test_masks_are_those_of_the_reference(expected, threshold):
    attention = self_attention(expected['x'])
    target = expected[f'threshold{threshold}.attention']
    torch.testing.assert_close(attention, target, rtol=1e-10, atol=1e-12)
    mask = drop_mask(attention, threshold)
    assert torch.equal(mask.float(), expected[f'threshold{threshold}.drop_mask'])


def test_a_position_at_the_threshold_is_dropped():
    attention = torch.tensor([[[[1.0, 2.0, 4.0]]], [[[1.0, 3.0, 0.0]]]])
    # Half of the maximum of each image: 2 and 1.5.
    assert drop_mask(attention, 0.5).int().flatten(1).tolist() == [[1, 0, 0], [1, 0, 1]]


def test_nothing_happens_and_nothing_is_drawn_outside_of_training():
    torch.manual_seed(0)
    x = torch.ones(1, 2, 1, 1)
    assert attention_dropout(x, training=False, **RATES) is x
    assert torch.rand([]) == torch.rand([], generator=torch.manual_seed(0))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_has_the_masks_of_float32(dtype):
    eps = torch.finfo(dtype).eps
    # The mean 1 + 1.5 eps lies below half of the maximum, 1 + 2 eps, and rounds to it.
    x = torch.tensor([[1 + eps, 2 + 4 * eps], [1 + 2 * eps, 2 + 4 * eps]], dtype=dtype)
    x = x.reshape(1, 2, 1, 2)
    torch.manual_seed(DROPS)
    out = attention_dropout(x, training=True, drop_rate=0.75, threshold=0.5)
    assert (out == 0).tolist() == [[[[False, True]], [[False, True]]]]
    assert out.dtype == dtype
    torch.manual_seed(WEIGHTS)
    assert attention_dropout(x, training=True, **RATES).dtype == dtype


def resnet(layers, **kwargs):
    return ResNet(
        18, base_channels=8, stem_channels=8, adl=dict(layers=layers), **kwargs
    )


def test_each_layer_draws_once_a_batch_in_the_order_of_the_network(images):
    model = resnet(['layer4', 'layer2.0'], out_layers=('layer2.0', 'layer4'))
    # The draws 0.830, 0.126 and 0.907: the first layer drops, the second one does not.
    torch.manual_seed(5)
    first, last, _ = model(images)
    assert (first == 0).all(dim=1).any(dim=(1, 2)).all()
    assert not (last == 0).all(dim=1).any()
    assert torch.rand([]).item() == pytest.approx(0.907, abs=1e-3)


def test_a_copy_drops_like_the_original(images):
    model = resnet(['layer2.0'])
    outputs = []
    for network in (model, pickle.loads(pickle.dumps(model))):
        torch.manual_seed(DROPS)
        outputs.append(network(images)[0])
    assert torch.equal(*outputs)
    torch.manual_seed(WEIGHTS)
    assert not torch.equal(model(images)[0], outputs[0])


@pytest.mark.parametrize(
    ('layers', 'kwargs', 'message'),
    [
        (['layer9'], {}, 'ResNet has no layer "layer9"; its parts are conv1'),
        (['layer2'], dict(with_cp=True), 'adl needs with_cp=False: the backward pass'),
    ],
)
def test_networks_that_do_not_fit_are_refused(layers, kwargs, message):
    with pytest.raises(ValueError, match=message):
        resnet(layers, **kwargs)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(drop_rate=75), 'drop_rate of adl must lie between 0 and 1, got 75'),
        (dict(threshold=-0.1), 'threshold of adl must lie between 0 and 1, got -0.1'),
    ],
)
def test_numbers_outside_their_ranges_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        attention_dropouts(['layer1'], **arguments)
