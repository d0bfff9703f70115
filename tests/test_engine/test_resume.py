"""A run that breaks off and is resumed ends as one that does not break off.

The breaks here are exceptions in a small run; test_kill.py kills real processes.
"""

import contextlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from states import assert_same_state, read_state
from torch import nn

from mmccam.engine import (
    EpochSeedHook,
    ResumableCheckpointHook,
    WholeFileBackend,
)
from mmccam.engine import (
    hooks as epoch_seed_hook,
)

EPOCHS = 4
SCORES = [0.1, 0.5, 0.3, 0.9]  # of the epochs: the best are the 1st, 2nd and 4th


class Break(Exception):
    """Stands for what ends a process."""


class RandomModel(BaseModel):
    """Learns from numbers that it and its data draw."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, inputs, mode='tensor'):
        if mode == 'predict':
            return [{}] * len(inputs)
        noise = torch.randn(len(inputs), 3)
        return dict(loss=(self.fc(inputs + noise).square().mean()))


class RandomData(torch.utils.data.Dataset):
    """Eight rows of numbers, with noise that is drawn when they are loaded."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return dict(inputs=torch.full([3], index + np.random.rand()).float())


class Scores(BaseMetric):
    """Gives each epoch its score."""

    default_prefix = 'toy'

    def __init__(self):
        super().__init__()
        self.epochs = []

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        self.epochs.append(self.runner.epoch)
        return dict(top1_loc=SCORES[self.runner.epoch - 1])


class BreakOff(Hook):
    """Breaks off a run at one of its points, or in the writing of a file."""

    def __init__(self, point, epoch):
        self.point, self.epoch = point, epoch

    def _reach(self, point, epoch):
        if (point, epoch) == (self.point, self.epoch):
            raise Break

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == 1:
            self._reach('train', runner.epoch + 1)

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self._reach('val', runner.epoch)

    def before_save_checkpoint(self, runner, checkpoint):
        epoch = checkpoint['meta']['epoch']
        validated = checkpoint['message_hub']['runtime_info'].get('last_validated')
        if 'optimizer' not in checkpoint:
            self._reach('best', epoch)
        else:
            self._reach('save again' if validated == epoch else 'save', epoch)


class Listen(Hook):
    """Lets caplog hear the runner's logger, which passes nothing on."""

    priority = 'VERY_HIGH'

    def __init__(self, caplog):
        self.handler = caplog.handler

    def before_train(self, runner):
        runner.logger.setLevel('WARNING')
        runner.logger.addHandler(self.handler)


def train(
    folder, resume=False, hooks=(), seed=0, persistent_workers=False, load_from=None
):
    loader = dict(batch_size=2, collate_fn=dict(type='default_collate'))
    torch.manual_seed(seed)  # the model is made before the runner seeds
    scores = Scores()
    runner = Runner(
        model=RandomModel(),
        work_dir=str(folder),
        # Runners of one name would share their message hub.
        experiment_name=f'{folder}{resume}{id(scores)}',
        train_dataloader=dict(
            loader,
            dataset=RandomData(),
            sampler=dict(type='DefaultSampler', shuffle=True),
            num_workers=1,
            persistent_workers=persistent_workers,
        ),
        train_cfg=dict(by_epoch=True, max_epochs=EPOCHS, val_interval=1),
        val_dataloader=dict(
            loader,
            dataset=RandomData(),
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        val_cfg=dict(),
        val_evaluator=[scores],
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        param_scheduler=dict(type='CosineAnnealingLR', by_epoch=False, T_max=16),
        default_hooks=dict(
            checkpoint=dict(
                type='mmccam.ResumableCheckpointHook',
                interval=1,
                max_keep_ckpts=1,
                save_best='toy/top1_loc',
            ),
            epoch_seed=dict(type='mmccam.EpochSeedHook'),
        ),
        custom_hooks=[dict(type='EMAHook', momentum=0.5), *hooks],
        randomness=dict(seed=seed),
        resume=resume,
        load_from=load_from,
        log_level='ERROR',
        default_scope='mmengine',
        cfg=ConfigDict(resume=resume, load_from=load_from),
    )
    scores.runner = runner
    runner.train()
    return scores.epochs


def assert_same_files(folder, expected):
    assert files(folder) == files(expected)
    for name in files(expected):
        assert_same_state(read_state(folder / name), read_state(expected / name))


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp('unbroken')
    train(folder)
    return folder


def files(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def test_an_unbroken_run_keeps_the_last_and_the_best(unbroken):
    assert files(unbroken) == ['best_toy_top1_loc_epoch_4.pth', 'epoch_4.pth']
    assert read_state(unbroken / 'epoch_4.pth')['info']['best_score'] == 0.9


@pytest.mark.parametrize(
    ('point', 'epoch'),
    [
        (point, epoch)
        for point in ('train', 'save', 'val', 'best', 'save again')
        for epoch in (1, 2, 3, 4)
        if (point, epoch) != ('best', 3)  # which is not the best so far
    ],
)
def test_a_broken_run_ends_like_an_unbroken_one(unbroken, tmp_path, point, epoch):
    with pytest.raises(Break):
        train(tmp_path, hooks=[BreakOff(point, epoch)])
    train(tmp_path, resume=True)
    assert_same_files(tmp_path, unbroken)


@pytest.mark.parametrize('number', [1, 2, 3, 4, 5])
def test_what_a_broken_run_did_not_remove_is_removed(
    unbroken, tmp_path, monkeypatch, number
):
    # Of four epochs three are removed, and two of the three that were the best.
    removals = iter(range(1, 6))
    remove = WholeFileBackend.remove

    def break_off(backend, path):
        if next(removals) == number:
            raise Break
        remove(backend, path)

    with monkeypatch.context() as context:
        context.setattr(WholeFileBackend, 'remove', break_off)
        with pytest.raises(Break):
            train(tmp_path)
    train(tmp_path, resume=True)
    assert_same_files(tmp_path, unbroken)


def test_a_run_goes_on_in_a_folder_that_was_moved(unbroken, tmp_path):
    with pytest.raises(Break):
        train(tmp_path / 'old', hooks=[BreakOff('train', 4)])
    (tmp_path / 'old').rename(tmp_path / 'new')
    path = tmp_path / 'new/epoch_3.pth'
    train(tmp_path / 'new', resume=True, load_from=str(path))
    assert_same_files(tmp_path / 'new', unbroken)


def test_a_run_that_goes_on_in_another_folder_leaves_the_old_one_alone(
    unbroken, tmp_path
):
    with pytest.raises(Break):
        train(tmp_path / 'old', hooks=[BreakOff('train', 4)])
    former = files(tmp_path / 'old')
    path = tmp_path / 'old/epoch_3.pth'
    train(tmp_path / 'new', resume=True, load_from=str(path))
    assert files(tmp_path / 'old') == former
    assert_same_files(tmp_path / 'new', unbroken)


@pytest.mark.parametrize(
    ('checkpoint', 'message'),
    [
        ([1, 2], 'x.pth holds no weights but a list'),
        (
            dict(meta={}, message_hub={}, state_dict={}),
            'x.pth has no optimizer, so that no run can be resumed from it',
        ),
        (dict(weight=1), 'x.pth has no meta and no message_hub and no optimizer'),
    ],
)
def test_weights_alone_cannot_be_resumed(checkpoint, message):
    runner = SimpleNamespace(cfg=ConfigDict(resume=True, load_from='x.pth'))
    with pytest.raises(ValueError, match=message):
        ResumableCheckpointHook().after_load_checkpoint(runner, checkpoint)


def test_processes_share_the_data_by_the_seed_of_the_first(tmp_path, monkeypatch):
    def receive(objects):
        objects[:] = [123]

    monkeypatch.setattr(epoch_seed_hook, 'broadcast_object_list', receive)
    loader = SimpleNamespace(
        num_workers=0, worker_init_fn=None, sampler=SimpleNamespace(seed=5)
    )
    runner = SimpleNamespace(train_dataloader=loader, seed=5)
    EpochSeedHook().before_train(runner)
    assert loader.sampler.seed == 123


def test_a_remote_folder_has_its_own_backend(tmp_path):
    runner = SimpleNamespace(work_dir='s3://bucket/run')
    hook = ResumableCheckpointHook(interval=1)
    with pytest.raises(ImportError, match='petrel'):
        hook.before_train(runner)


@pytest.mark.parametrize(
    ('point', 'epoch', 'expected'),
    [
        ('train', 3, [3, 4]),  # the second epoch is validated already
        ('val', 3, [3, 4]),
        ('val', 4, [4]),
        ('none', 4, []),
    ],
)
def test_each_epoch_is_validated_once(tmp_path, point, epoch, expected):
    with contextlib.suppress(Break):
        train(tmp_path, hooks=[BreakOff(point, epoch)])
    assert train(tmp_path, resume=True) == expected


def test_the_seed_of_a_run_stays_when_it_is_resumed(unbroken, tmp_path):
    with pytest.raises(Break):
        train(tmp_path, hooks=[BreakOff('train', 2)])
    train(tmp_path, resume=True, seed=7)
    assert_same_files(tmp_path, unbroken)


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
@pytest.mark.parametrize(
    ('name', 'kept'),
    [
        ('epoch_2.pth', ['best_toy_top1_loc_epoch_1.pth', 'epoch_1.pth']),
        (
            'best_toy_top1_loc_epoch_2.pth',
            ['best_toy_top1_loc_epoch_1.pth', 'epoch_2.pth'],
        ),
    ],
)
def test_a_full_disk_keeps_what_was_there(unbroken, tmp_path, name, kept):
    (tmp_path / f'{name}.tmp').symlink_to('/dev/full')
    with pytest.raises(OSError, match=f'cannot write .*{name}, what was there before'):
        train(tmp_path)
    assert files(tmp_path) == kept

    train(tmp_path, resume=True)
    assert_same_files(tmp_path, unbroken)


def test_persistent_workers_are_warned_of(tmp_path, caplog):
    with pytest.raises(Break):
        train(
            tmp_path,
            hooks=[Listen(caplog), BreakOff('train', 1)],
            persistent_workers=True,
        )
    assert 'persistent_workers=True: after --resume crops and flips' in caplog.text
