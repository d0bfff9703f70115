"""What a checkpoint may hold, with this torch and with older ones."""

import pickle

import numpy as np
import pytest
import torch
from hostile import Call, rewrite_pickle
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from small_run import RandomData, train
from states import assert_same_state
from torch.torch_version import TorchVersion

from mmccam.checkpoints.allowed import (
    allow_mmengine_checkpoints,
    load_restricted,
    multiarray,
)


@pytest.fixture(autouse=True)
def allowed():
    """Set the allowances of `allow_mmengine_checkpoints` alone, then the former."""
    if torch.__version__ < (2, 6):
        yield
        return
    former = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    allow_mmengine_checkpoints()
    yield
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(former)


def load(path):
    return load_restricted(path), torch.load(path, weights_only=False)


SGD = dict(type='SGD', lr=0.1, momentum=0.9)
ADAM = dict(type='Adam', lr=0.1)
ONE_CYCLE = dict(type='OneCycleLR', eta_max=0.1, total_steps=16, by_epoch=False)


@pytest.mark.parametrize(
    ('optimizer', 'scheduler'),
    [
        (SGD, dict(type='MultiStepLR', milestones=[1, 2], by_epoch=True)),
        (SGD, dict(ONE_CYCLE, anneal_strategy='cos')),
        (ADAM, dict(ONE_CYCLE, anneal_strategy='linear')),
    ],
    ids=['sgd-multistep', 'sgd-onecycle-cos', 'adam-onecycle-linear'],
)
def test_what_mmengine_saves_is_allowed(tmp_path, monkeypatch, optimizer, scheduler):
    recipe = dict(optim_wrapper=dict(optimizer=optimizer), param_scheduler=scheduler)
    train(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1), **recipe)
    path = tmp_path / 'epoch_1.pth'
    for version in (torch.__version__, '2.1.2'):
        monkeypatch.setattr(torch, '__version__', TorchVersion(version))
        found, expected = load(path)
        assert_same_state(found, expected)
        # What it holds beyond tensors and plain Python.
        assert type(found['message_hub']['runtime_info']['best_score']) is np.float32
        assert type(found['message_hub']['log_scalars']['train/loss']) is HistoryBuffer
        assert found['meta']['dataset_meta'] == RandomData.metainfo
        parts = found['meta']['dataset_meta']['palette']['parts']
        assert type(parts) is ConfigDict


def numpy_values():
    for code in '?bhilqBHILQefdgFDG':
        value = np.array([0, 1, 2], code)
        yield value
        yield value[1]
        if value.itemsize > 1:
            yield value.astype(value.dtype.newbyteorder('>'))
    yield from (np.array(['a', 'bc']), np.str_('bc'), np.array([b'a']), np.bytes_(b'a'))


def name_of(value):
    """A name without addresses, by which processes would differ."""
    name = getattr(value, '__qualname__', getattr(value, 'dtype', ''))
    return f'{type(value).__name__}-{name}'


@pytest.mark.parametrize(
    'value',
    [
        HistoryBuffer([1.0, 3.0], [1, 2]),
        *(getattr(HistoryBuffer, name) for name in ('min', 'max', 'current', 'mean')),
        OneCycleParamScheduler._annealing_cos,
        OneCycleParamScheduler._annealing_linear,
        ConfigDict(a=1, b=[{'c': {'d': 2}}]),
        *numpy_values(),
    ],
    ids=name_of,
)
def test_each_type_loads_only_when_allowed(tmp_path, each_torch, value):
    for new_format in (True, False):
        path = tmp_path / f'{new_format}.pth'
        saved = {'value': value, 'weight': torch.ones(2)}
        torch.save(saved, path, _use_new_zipfile_serialization=new_format)
        assert_same_state(*load(path))
    if torch.__version__ >= (2, 6):
        torch.serialization.clear_safe_globals()
        with pytest.raises(pickle.UnpicklingError, match='Unsupported global'):
            torch.load(path)


@pytest.mark.parametrize('module', ['numpy._core', 'numpy.core'])
def test_files_of_every_numpy_version_load(tmp_path, each_torch, module):
    # A pickle names the module of the numpy that wrote it.
    path = tmp_path / 'value.pth'
    array = Call(multiarray._reconstruct, np.ndarray, (0,), b'b')
    scalar = Call(multiarray.scalar, np.dtype('f4'), np.float32(1.5).tobytes())
    torch.save([array, scalar], path)
    written = multiarray.scalar.__module__.encode()
    rewritten = f'{module}.multiarray'.encode()
    content = rewrite_pickle(path, lambda old: old.replace(written, rewritten))
    assert content.count(b'c' + rewritten + b'\n') == 2
    assert_same_state(load_restricted(path), [np.empty(0, 'b'), np.float32(1.5)])


@pytest.mark.parametrize(
    ('owner', 'name'),
    [
        *((HistoryBuffer, name) for name in ('__init__', '__class__', 'update')),
        *((HistoryBuffer, name) for name in ('register_statistics', '_annealing_cos')),
        *((HistoryBuffer, name) for name in (['min'], b'min', np.array('min'))),
        (HistoryBuffer.min, '__globals__'),
        (OneCycleParamScheduler._annealing_cos, '__globals__'),
        (OneCycleParamScheduler, 'build_iter_from_epoch'),
        (OneCycleParamScheduler, '__init__'),
        (np.ndarray, 'tofile'),
        (np.ndarray, 'max'),
        (HistoryBuffer([1], [1]), 'min'),
        (ConfigDict(min=1), 'min'),
        ([], 'append'),
        (torch.zeros(2), 'max'),
    ],
    ids=lambda value: str(getattr(value, '__qualname__', type(value).__name__)),
)
def test_getattr_of_anything_else_is_refused(tmp_path, each_torch, owner, name):
    path = tmp_path / 'hostile.pth'
    torch.save(Call(getattr, owner, name), path)
    with pytest.raises(pickle.UnpicklingError, match='getattr of .* not allowed'):
        load_restricted(path)


@pytest.mark.parametrize(
    'array', [np.array([None]), np.zeros(2, 'f4,O'), np.zeros(1, 'M8[s]')]
)
def test_arrays_of_other_types_are_refused(tmp_path, each_torch, array):
    torch.save(array, tmp_path / 'array.pth')
    with pytest.raises(pickle.UnpicklingError, match='Can only build .*dtype'):
        load_restricted(tmp_path / 'array.pth')


@pytest.mark.parametrize('version', ['2.1.2', '2.5.1+cpu'])
def test_nothing_is_done_before_torch_2_6(monkeypatch, version):
    monkeypatch.setattr(torch, '__version__', TorchVersion(version))
    monkeypatch.delattr(torch.serialization, 'add_safe_globals', raising=False)
    allow_mmengine_checkpoints()
