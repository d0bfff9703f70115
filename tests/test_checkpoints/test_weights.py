import pytest
import torch
from torch import nn

from mmccam.checkpoints.contents import check_weights, weights_of


def network(classes=3, channels=4):
    head = nn.Sequential()
    head.fc = nn.Linear(channels, classes)
    return nn.ModuleDict(dict(head=head, bn=nn.BatchNorm2d(channels)))


def weights(without=None, **kwargs):
    state = network(**kwargs).state_dict()
    return {name: value for name, value in state.items() if name != without}


# Files from before torch 0.4.1 do not count the batches.
@pytest.mark.parametrize('without', [None, 'bn.num_batches_tracked'])
def test_its_own_weights_match(without):
    check_weights(network(), weights(without), 'a.pth')


FURTHER = {**weights(), 'neck.a': torch.zeros(1)}
NAN = {**weights(), 'head.fc.bias': torch.tensor([0, float('nan'), 0])}
MISSING = '1 of 7 weights are missing, first head.fc.bias'
SHAPE = r'head.fc.weight has the shape \(3, 8\), not \(3, 4\)'


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (weights(classes=5), 'does not match the config: 5 classes, the config has 3'),
        (weights(channels=8), f'does not match the config: {SHAPE}'),
        (weights('head.fc.bias'), f'does not match the config: {MISSING}'),
        (FURTHER, 'does not match the config: 1 further weights, first neck.a'),
        (NAN, 'has NaN or infinite weights, in head.fc.bias'),
    ],
)
def test_other_weights_are_refused(wrong, message):
    with pytest.raises(ValueError, match=f'^a.pth {message}$'):
        check_weights(network(), wrong, 'a.pth')


ODD = dict(
    meta=lambda weight: weight.to('meta'),
    sparse=torch.Tensor.to_sparse,
    compressed=torch.Tensor.to_sparse_csr,
    quantized=lambda weight: torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8),
    int8=lambda weight: weight.to(torch.int8),
    bool=torch.Tensor.bool,
    complex=lambda weight: weight.to(torch.complex64),
    float8=lambda weight: weight.to(torch.float8_e4m3fn),
)


@pytest.mark.filterwarnings('ignore:Sparse CSR tensor support')
@pytest.mark.filterwarnings('ignore:torch.quantize_per_tensor')
@pytest.mark.parametrize('kind', ODD)
def test_weights_of_other_kinds_are_refused(kind):
    odd = ODD[kind](torch.ones(3, 4))
    found = {**weights(), 'head.fc.weight': odd}
    message = (
        f'^a.pth has head.fc.weight in {odd.dtype}, {odd.layout}, on {odd.device}; '
        'weights must be dense and in float16, bfloat16, float32 or float64$'
    )
    with pytest.raises(ValueError, match=message):
        check_weights(network(), weights_of(found, 'a.pth'), 'a.pth')


@pytest.mark.parametrize(
    'dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
def test_weights_of_each_precision_are_used(dtype):
    found = {name: value.to(dtype) for name, value in weights().items()}
    check_weights(network(), weights_of(found, 'a.pth'), 'a.pth')


def parallel(weights):
    return {f'module.{name}': value for name, value in weights.items()}


@pytest.mark.parametrize(
    'wrap',
    [
        dict,
        parallel,
        lambda weights: dict(state_dict=weights, meta={}),
        lambda weights: dict(model=weights, epoch=3),
        lambda weights: dict(state_dict=parallel(weights)),
    ],
)
def test_weights_are_found_in_their_wraps(wrap):
    found = weights_of(wrap(weights()), 'a.pth')
    assert found.keys() == weights().keys()


@pytest.mark.parametrize(
    ('loaded', 'message'),
    [
        ([1, 2], 'no weights but a list'),
        (dict(epoch=3), "no weights: 'epoch' is no name of a tensor but of a int"),
        ({1: torch.ones(1)}, 'no weights: 1 is no name of a tensor'),
    ],
)
def test_what_holds_no_weights_is_refused(loaded, message):
    with pytest.raises(ValueError, match=f'^a.pth holds {message}'):
        weights_of(loaded, 'a.pth')
