import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile import FORMATS, PAYLOADS, Call, rewrite_pickle
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.optim import OneCycleParamScheduler
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner
from torch import nn
from torch.torch_version import TorchVersion

from mmccam.checkpoints.allowed import load_restricted, multiarray
from mmccam.engine import allow_mmengine_checkpoints

restricted = pytest.mark.skipif(
    torch.__version__ < (2, 6), reason='torch.load is unrestricted before 2.6'
)

METAINFO = {
    'classes': ('cat', 'dog'),
    'palette': {'cat': [0, 0, 255], 'parts': {'dog': [{'ear': 1}, {'tail': 2}]}},
}


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


@pytest.fixture(autouse=True)
def toy_parts():
    """Register a model and a data set while a test runs."""

    @MODELS.register_module()
    class ToyModel(BaseModel):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 2)

        def forward(self, inputs, mode='tensor', **kwargs):
            loss = self.fc(inputs).square().mean()
            return {'loss': loss} if mode == 'loss' else loss

    @DATASETS.register_module()
    class ToyDataset(BaseDataset):
        def load_data_list(self):
            generator = torch.Generator().manual_seed(0)
            inputs = torch.randn(8, 3, generator=generator)
            return [{'inputs': row} for row in inputs]

    yield
    MODELS.module_dict.pop('ToyModel')
    DATASETS.module_dict.pop('ToyDataset')


def build_runner(work_dir, optimizer, scheduler, **kwargs):
    cfg = {
        'model': {'type': 'ToyModel'},
        'work_dir': str(work_dir),
        # Runners of one name would share their message hub.
        'experiment_name': str(work_dir),
        'default_scope': 'mmengine',
        'randomness': {'seed': 0},
        'train_cfg': {'by_epoch': True, 'max_epochs': 3},
        'train_dataloader': {
            'dataset': {'type': 'ToyDataset', 'metainfo': METAINFO},
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'collate_fn': {'type': 'default_collate'},
            'batch_size': 4,
            'num_workers': 0,
        },
        'optim_wrapper': {'optimizer': optimizer},
        'param_scheduler': scheduler,
        'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.5}],
        'log_level': 'WARNING',
        **kwargs,
    }
    return Runner.from_cfg(ConfigDict(cfg))


def final_state(runner):
    """Collect all that a resumed training must have in common with an unbroken one."""
    ema_hook = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    return {
        'model': runner.model.state_dict(),
        'ema': ema_hook.ema_model.state_dict(),
        'optimizer': runner.optim_wrapper.state_dict(),
        'schedulers': [s.state_dict() for s in runner.param_schedulers],
        'losses': runner.message_hub.get_scalar('train/loss').data,
    }


def assert_same(actual, expected):
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        actual, expected = list(actual.values()), list(expected.values())
    if isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected):
            assert_same(one, other)
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(actual, expected)
    elif isinstance(expected, HistoryBuffer):
        assert_same(actual.__getstate__(), expected.__getstate__())
    else:
        np.testing.assert_array_equal(actual, expected)
        assert np.asarray(actual).dtype == np.asarray(expected).dtype


SGD = dict(type='SGD', lr=0.1, momentum=0.9)
ADAM = dict(type='Adam', lr=0.1)
ONE_CYCLE = dict(type='OneCycleLR', eta_max=0.1, total_steps=6, by_epoch=False)


@pytest.mark.parametrize(
    ('optimizer', 'scheduler'),
    [
        (SGD, dict(type='MultiStepLR', milestones=[1, 2], by_epoch=True)),
        (ADAM, dict(type='CosineAnnealingLR', T_max=6, by_epoch=False)),
        (SGD, dict(ONE_CYCLE, anneal_strategy='cos')),
        (ADAM, dict(ONE_CYCLE, anneal_strategy='linear')),
    ],
    ids=['sgd-multistep', 'adam-cosine', 'sgd-onecycle-cos', 'adam-onecycle-linear'],
)
def test_training_goes_on_from_a_checkpoint(
    tmp_path, monkeypatch, optimizer, scheduler
):
    unbroken = build_runner(tmp_path / 'unbroken', optimizer, scheduler)
    unbroken.message_hub.update_info('best', np.float32(0.1))
    unbroken.message_hub.update_scalar('train/numpy', np.float64(0.2))
    unbroken.train()
    path = str(tmp_path / 'unbroken' / 'epoch_2.pth')

    if torch.__version__ >= (2, 6):
        # Without the allowances torch refuses the file: it does hold more than tensors.
        former = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        with pytest.raises(pickle.UnpicklingError, match='Unsupported global'):
            torch.load(path)
        torch.serialization.add_safe_globals(former)
        assert_same(torch.load(path), torch.load(path, weights_only=False))
    with monkeypatch.context() as older_torch:
        older_torch.setattr(torch, '__version__', TorchVersion('2.1.2'))
        assert_same(load_restricted(path), torch.load(path, weights_only=False))
    metainfo = load_restricted(path)['meta']['dataset_meta']
    assert metainfo == METAINFO
    assert type(metainfo['palette']['parts']) is ConfigDict

    directory = tmp_path / 'resumed'
    resumed = build_runner(directory, optimizer, scheduler, resume=True, load_from=path)
    starts = []
    recorder = Hook()
    recorder.before_train = lambda runner: starts.append((runner.epoch, runner.iter))
    resumed.register_hook(recorder)
    resumed.train()
    assert starts == [(2, 4)]
    assert_same(final_state(resumed), final_state(unbroken))
    assert_same(resumed.message_hub.get_info('best'), np.float32(0.1))
    assert resumed.message_hub.get_scalar('train/numpy').mean() == 0.2

    loaded = build_runner(
        tmp_path / 'loaded', optimizer, scheduler, load_from=path, custom_hooks=[]
    )
    start = loaded.model.fc.weight.clone()
    loaded.load_or_resume()
    assert (loaded.epoch, loaded.iter) == (0, 0)
    assert not torch.equal(loaded.model.fc.weight, start)
    # EMAHook saves the averaged weights as the model's.
    expected = torch.load(path, weights_only=False)['state_dict']
    assert_same(loaded.model.state_dict(), expected)


def numpy_values():
    for code in '?bhilqBHILQefdgFDG':
        value = np.array([0, 1, 2], code)
        yield value
        yield value[1]
        if value.itemsize > 1:
            yield value.astype(value.dtype.newbyteorder('>'))
    yield from (np.array(['a', 'bc']), np.str_('bc'), np.array([b'a']), np.bytes_(b'a'))


each_value = pytest.mark.parametrize(
    'value',
    [
        HistoryBuffer([1.0, 3.0], [1, 2]),
        *(getattr(HistoryBuffer, name) for name in ('min', 'max', 'current', 'mean')),
        OneCycleParamScheduler._annealing_cos,
        OneCycleParamScheduler._annealing_linear,
        ConfigDict(a=1, b=[{'c': {'d': 2}}]),
        *numpy_values(),
    ],
    ids=lambda value: '-'.join(  # no addresses, by which processes would differ
        [type(value).__name__]
        + [
            str(getattr(value, n))
            for n in ('dtype', '__qualname__')
            if hasattr(value, n)
        ]
    ),
)


@restricted
@each_value
def test_each_type_loads_only_when_allowed(tmp_path, value):
    path = tmp_path / 'value.pth'
    torch.save({'value': value}, path)
    assert_same(torch.load(path), torch.load(path, weights_only=False))
    torch.serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError, match='Unsupported global'):
        torch.load(path)


@pytest.fixture
def older_torch(monkeypatch):
    """Load as with a torch whose own restriction cannot be told enough."""
    monkeypatch.setattr(torch, '__version__', TorchVersion('2.1.2'))


@each_value
@pytest.mark.parametrize('new_format', [True, False])
def test_each_type_loads_with_older_torch(tmp_path, older_torch, value, new_format):
    path = tmp_path / 'value.pth'
    saved = {'value': value, 'weight': torch.ones(2)}
    torch.save(saved, path, _use_new_zipfile_serialization=new_format)
    assert_same(load_restricted(path), torch.load(path, weights_only=False))


@pytest.mark.parametrize('payload', PAYLOADS.values(), ids=list(PAYLOADS))
@pytest.mark.parametrize('new_format', [True, False])
def test_older_torch_refuses(tmp_path, monkeypatch, older_torch, payload, new_format):
    monkeypatch.chdir(tmp_path)
    hostile = {'weight': torch.ones(2), 'hostile': payload}
    torch.save(hostile, 'hostile.pth', _use_new_zipfile_serialization=new_format)
    with pytest.raises(pickle.UnpicklingError, match='Unsupported global|not allowed'):
        load_restricted('hostile.pth')
    assert not Path('trace').exists()


@pytest.mark.parametrize('write', FORMATS)
def test_older_torch_refuses_each_format(tmp_path, monkeypatch, older_torch, write):
    monkeypatch.chdir(tmp_path)
    write('hostile.pth')
    with pytest.raises(pickle.UnpicklingError, match='Unsupported global'):
        load_restricted('hostile.pth')
    assert not Path('trace').exists()


@restricted
@pytest.mark.parametrize('module', ['numpy._core', 'numpy.core'])
def test_files_of_every_numpy_version_load(tmp_path, monkeypatch, module):
    # A pickle names the module of the numpy that wrote it.
    path = tmp_path / 'value.pth'
    array = Call(multiarray._reconstruct, np.ndarray, (0,), b'b')
    scalar = Call(multiarray.scalar, np.dtype('f4'), np.float32(1.5).tobytes())
    torch.save([array, scalar], path)
    written = multiarray.scalar.__module__.encode()
    rewritten = f'{module}.multiarray'.encode()
    content = rewrite_pickle(path, lambda old: old.replace(written, rewritten))
    assert content.count(b'c' + rewritten + b'\n') == 2
    array, scalar = torch.load(path)
    assert_same(array, np.empty(0, 'b'))
    assert_same(scalar, np.float32(1.5))


@restricted
@pytest.mark.parametrize('allow', [True, False])
@pytest.mark.parametrize('function', [os.system, eval, exec])
def test_hostile_calls_are_refused(tmp_path, monkeypatch, function, allow):
    monkeypatch.chdir(tmp_path)
    trace = Path('trace')
    code = 'echo > trace' if function is os.system else 'open("trace", "w")'
    torch.save(Call(function, code), 'hostile.pth')
    if not allow:
        torch.serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError, match='unsupported|Unsupported'):
        torch.load('hostile.pth')
    assert not trace.exists()
    # The file is as hostile as it is meant to be.
    torch.load('hostile.pth', weights_only=False)
    assert trace.exists()


each_attribute = pytest.mark.parametrize(
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


@restricted
@each_attribute
def test_getattr_of_anything_else_is_refused(tmp_path, owner, name):
    path = tmp_path / 'hostile.pth'
    if type(name) is str and name != '_annealing_cos':
        assert getattr(owner, name) is not None
    torch.save(Call(getattr, owner, name), path)
    with pytest.raises(pickle.UnpicklingError, match='getattr of .* not allowed'):
        torch.load(path)


@each_attribute
def test_older_torch_refuses_getattr(tmp_path, older_torch, owner, name):
    path = tmp_path / 'hostile.pth'
    torch.save(Call(getattr, owner, name), path)
    with pytest.raises(pickle.UnpicklingError, match='getattr of .* not allowed'):
        load_restricted(path)


each_array = pytest.mark.parametrize(
    'array', [np.array([None]), np.zeros(2, 'f4,O'), np.zeros(1, 'M8[s]')]
)


@restricted
@each_array
def test_arrays_of_other_types_are_refused(tmp_path, array):
    path = tmp_path / 'array.pth'
    torch.save(array, path)
    with pytest.raises(pickle.UnpicklingError, match='Can only build .*dtype'):
        torch.load(path)


@each_array
def test_older_torch_refuses_arrays_of_other_types(tmp_path, older_torch, array):
    path = tmp_path / 'array.pth'
    torch.save(array, path)
    with pytest.raises(pickle.UnpicklingError, match='Can only build .*dtype'):
        load_restricted(path)


@restricted
def test_a_second_call_changes_nothing():
    once = torch.serialization.get_safe_globals()
    allow_mmengine_checkpoints()
    assert len(once) > 10
    assert len(torch.serialization.get_safe_globals()) == len(once)


@pytest.mark.parametrize('version', ['2.1.2', '2.5.1+cpu'])
def test_nothing_is_done_before_torch_2_6(monkeypatch, version):
    monkeypatch.setattr(torch, '__version__', TorchVersion(version))
    monkeypatch.delattr(torch.serialization, 'add_safe_globals', raising=False)
    allow_mmengine_checkpoints()
