"""A run goes on from its own checkpoints, and leaves those of other runs alone."""

import shutil

import pytest
import torch
from mmengine.runner import find_latest_checkpoint
from small_run import Break, BreakOff, train
from states import assert_same_state, read_state

from mmccam.checkpoints.allowed import load_restricted
from mmccam.checkpoints.loading import newest_checkpoint

pytestmark = pytest.mark.slow

BEST = 'best_toy_top1_loc_epoch_4.pth'
OTHER = dict(seed=1, optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)))


def run_ids(folder):
    return {
        load_restricted(path)['meta'].get('run_id') for path in folder.glob('*.pth')
    }


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    """The folder of a run that has ended."""
    folder = tmp_path_factory.mktemp('first')
    train(folder)
    (folder / 'epoch_4.thresholds.json').write_text('{}')
    return folder


@pytest.fixture
def folder(first, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(first, tmp_path / 'copy')


def break_off(folder, point, epoch):
    """Start another run in a folder, and end it."""
    with pytest.raises(Break):
        train(folder, hooks=[BreakOff(point, epoch)], **OTHER)


def test_the_id_is_in_the_folder_and_in_each_checkpoint(first):
    assert run_ids(first) == {(first / 'run_id').read_text()}


def test_a_run_in_the_folder_of_another_resumes_its_own(folder, first, tmp_path):
    train(tmp_path / 'unbroken', **OTHER)
    break_off(folder, 'train', 2)
    assert newest_checkpoint(folder) == folder / 'epoch_1.pth'
    (second,) = run_ids(folder)
    train(folder, resume=True, load_from=newest_checkpoint(folder), **OTHER)

    assert run_ids(folder) == {second} != run_ids(first)
    actual, expected = (read_state(f / BEST) for f in (folder, tmp_path / 'unbroken'))
    assert_same_state(actual, expected)


def test_the_files_of_another_run_are_moved_aside(folder, first):
    break_off(folder, 'train', 2)
    names = {BEST, 'epoch_4.pth', 'epoch_4.thresholds.json'}
    moved = {path.name: path for path in (folder / 'earlier_run_1').iterdir()}
    assert moved.keys() == names
    for name in names:
        assert moved[name].read_bytes() == (first / name).read_bytes()

    train(folder, **OTHER)
    assert sorted(p.name for p in (folder / 'earlier_run_2').iterdir()) == [
        'best_toy_top1_loc_epoch_1.pth',
        'epoch_1.pth',
    ]


def test_a_run_without_a_checkpoint_resumes_from_no_other(folder, first):
    break_off(folder, 'train', 1)
    assert newest_checkpoint(folder) is find_latest_checkpoint(folder) is None

    # As if it had been killed before it moved them.
    shutil.copy(first / 'epoch_4.pth', folder)
    assert newest_checkpoint(folder) is None


def test_a_checkpoint_that_is_put_beside_its_own_is_not_removed(folder, first):
    break_off(folder, 'train', 4)
    shutil.copy(first / 'epoch_4.pth', folder / 'epoch_2.pth')
    path = newest_checkpoint(folder)
    train(folder, resume=True, load_from=path, **OTHER)
    assert [p.name for p in (folder / 'earlier_run_2').iterdir()] == ['epoch_2.pth']


def test_a_folder_belongs_to_the_run_that_is_resumed_in_it(folder, first):
    break_off(folder, 'train', 2)
    train(folder, resume=True, load_from=first / 'epoch_4.pth')
    assert {(folder / 'run_id').read_text()} == run_ids(first)
    assert newest_checkpoint(folder) is None


@pytest.mark.parametrize('has_other', [True, False])
def test_checkpoints_without_an_id_are_resumed(folder, tmp_path, has_other):
    old = tmp_path / 'old'
    with pytest.raises(Break):
        train(old, hooks=[BreakOff('train', 4)])
    for path in old.glob('*.pth'):
        checkpoint = load_restricted(path)
        del checkpoint['meta']['run_id']
        torch.save(checkpoint, path)
    (old / 'run_id').unlink()
    work_dir = folder if has_other else old
    train(work_dir, resume=True, load_from=newest_checkpoint(old))
    assert newest_checkpoint(work_dir) == work_dir / 'epoch_4.pth'
    assert run_ids(work_dir) == {''}
