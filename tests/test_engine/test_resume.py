"""A run that breaks off and is resumed ends as one that does not break off.

The breaks here are exceptions in a small run; test_kill.py kills real processes.
"""

import contextlib
import shutil
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from small_run import Break, BreakOff, train
from states import assert_same_files, files, read_state

from mmccam.checkpoints.allowed import load_restricted
from mmccam.checkpoints.saving import WholeFileBackend
from mmccam.engine import ResumableCheckpointHook

pytestmark = pytest.mark.slow

BEST = 'best_toy_top1_loc_epoch_{}.pth'


def break_off(folder, point, epoch, **kwargs):
    with pytest.raises(Break):
        train(folder, hooks=[BreakOff(point, epoch)], **kwargs)


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp('unbroken')
    train(folder)
    return folder


def test_an_unbroken_run_keeps_the_last_and_the_best(unbroken):
    assert files(unbroken) == [BEST.format(4), 'epoch_4.pth']
    assert read_state(unbroken / 'epoch_4.pth')['info']['best_score'] == np.float32(0.9)


POINTS = ('train', 'save', 'val', 'best', 'save again')
BREAKS = set(product(POINTS, (1, 2, 3, 4))) - {('best', 3)}  # the third is not the best


@pytest.mark.parametrize(('point', 'epoch'), sorted(BREAKS))
def test_a_broken_run_ends_like_an_unbroken_one(unbroken, tmp_path, point, epoch):
    break_off(tmp_path, point, epoch)
    # The seed is that of the checkpoint, if there is one.
    train(tmp_path, resume=True, seed=7 if files(tmp_path) else 0)
    assert_same_files(tmp_path, unbroken)


def test_processes_that_load_data_go_on_with_their_random_numbers(unbroken, tmp_path):
    train(tmp_path / 'unbroken', num_workers=1)
    break_off(tmp_path / 'broken', 'train', 3, num_workers=1)
    train(tmp_path / 'broken', resume=True, num_workers=1)
    assert_same_files(tmp_path / 'broken', tmp_path / 'unbroken')
    with pytest.raises(AssertionError):  # the numbers are others in this process
        assert_same_files(tmp_path / 'broken', unbroken)


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


def test_only_files_of_past_steps_and_of_these_names_are_removed(tmp_path):
    break_off(tmp_path, 'train', 3)
    others = ['epoch_2_copy.pth', 'my_epoch_1.pth', 'epoch_01.pth', 'epoch_9.pth']
    others += ['best_of_mine_epoch_2.pth', BEST.format(8), 'iter_1.pth']
    old = ['epoch_0.pth', 'epoch_1.pth', BEST.format(1)]
    for name in (*others, *old):
        shutil.copy(tmp_path / 'epoch_2.pth', tmp_path / name)
    train(tmp_path, resume=True, load_from=tmp_path / 'epoch_2.pth')
    assert files(tmp_path) == sorted([*others, BEST.format(4), 'epoch_4.pth'])


def test_a_checkpoint_of_an_earlier_version_is_resumed(unbroken, tmp_path):
    break_off(tmp_path, 'train', 4)
    checkpoint = load_restricted(tmp_path / 'epoch_3.pth')
    # The names of what was to be removed were in it.
    checkpoint['message_hub']['runtime_info']['outdated'] = ['epoch_2.pth']
    checkpoint['message_hub']['resumed_keys']['outdated'] = True
    torch.save(checkpoint, tmp_path / 'epoch_3.pth')
    shutil.copy(tmp_path / 'epoch_3.pth', tmp_path / 'epoch_2.pth')
    train(tmp_path, resume=True)
    assert_same_files(tmp_path, unbroken)


@pytest.mark.parametrize('is_moved', [True, False])
def test_a_run_goes_on_in_another_folder(unbroken, tmp_path, is_moved):
    old, new = tmp_path / 'old', tmp_path / 'new'
    break_off(old, 'train', 4)
    former = files(old)
    if is_moved:
        old.rename(new)
    path = (new if is_moved else old) / 'epoch_3.pth'
    train(new, resume=True, load_from=path)
    assert_same_files(new, unbroken)
    assert is_moved or files(old) == former


def test_a_remote_folder_has_its_own_backend(tmp_path):
    runner = SimpleNamespace(work_dir='s3://bucket/run')
    hook = ResumableCheckpointHook(interval=1)
    with pytest.raises(ImportError, match='petrel'):
        hook.before_train(runner)


@pytest.mark.parametrize(
    ('checkpoint', 'message'),
    [
        ([1, 2], 'x.pth holds no weights but a list'),
        (
            dict(meta={}, message_hub={}, state_dict={}),
            'x.pth has no optimizer, so that no run can be resumed from it',
        ),
        (
            dict(weight=torch.ones(1)),
            'x.pth has no meta and no message_hub and no optimizer',
        ),
    ],
)
def test_weights_alone_cannot_be_resumed(checkpoint, message):
    runner = SimpleNamespace(cfg=ConfigDict(resume=True, load_from='x.pth'))
    with pytest.raises(ValueError, match=message):
        ResumableCheckpointHook().after_load_checkpoint(runner, checkpoint)


def test_a_run_is_not_resumed_by_another_optimizer(unbroken, tmp_path):
    shutil.copytree(unbroken, tmp_path / 'run')
    optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.1))
    with pytest.raises(ValueError, match='by Adam, and AdamW cannot resume it'):
        train(tmp_path / 'run', resume=True, optim_wrapper=optim_wrapper)


def test_an_argument_that_saving_does_not_have_is_refused():
    with pytest.raises(TypeError, match='ResumableCheckpointHook has no .* intervall'):
        ResumableCheckpointHook(intervall=2)


@pytest.mark.parametrize(
    ('point', 'epoch', 'expected'),
    # In the first the second epoch is validated already.
    [('train', 3, [3, 4]), ('val', 3, [3, 4]), ('val', 4, [4]), ('none', 4, [])],
)
def test_each_epoch_is_validated_once(tmp_path, point, epoch, expected):
    with contextlib.suppress(Break):
        train(tmp_path, hooks=[BreakOff(point, epoch)])
    assert train(tmp_path, resume=True) == expected


@pytest.mark.parametrize(
    ('name', 'kept'),
    [
        ('epoch_2.pth', [BEST.format(1), 'epoch_1.pth']),
        (BEST.format(2), [BEST.format(1), 'epoch_2.pth']),
    ],
)
def test_a_full_disk_keeps_what_was_there(
    unbroken, tmp_path, full_disk, monkeypatch, name, kept
):
    full_disk(name)
    with pytest.raises(OSError, match=f'cannot write .*{name}, what was there before'):
        train(tmp_path)
    assert files(tmp_path) == kept

    monkeypatch.undo()
    (tmp_path / f'{name}.0123abcd.tmp').write_bytes(b'of a process that was killed')
    train(tmp_path, resume=True)
    assert_same_files(tmp_path, unbroken)
