"""Tools run no code of a checkpoint, and say which file is damaged."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from small_runs import CONFIG, Touch

from mmccam.checkpoints.allowed import load_restricted


@pytest.fixture
def marker(run):
    path = run.folder / 'marker'
    path.unlink(missing_ok=True)
    return path


@pytest.fixture
def hostile(run, trained, marker):
    """A checkpoint of a run that also makes a file when it is loaded."""
    checkpoint = load_restricted(run.checkpoint)
    checkpoint['meta']['note'] = Touch(marker)
    torch.save(checkpoint, run.folder / 'hostile.pth')
    return run.folder / 'hostile.pth'


@pytest.mark.parametrize(
    ('tool', 'arguments', 'options'),
    [
        ('test.py', ['{}'], []),
        ('search_threshold.py', ['{}'], []),
        ('train.py', ['--resume', '{}'], []),
        ('train.py', [], ['load_from={}']),
        (
            'train.py',
            [],
            [
                'model.init_cfg.type=Pretrained',
                'model.init_cfg.checkpoint={}',
            ],
        ),
    ],
    ids=['test', 'search', 'resume', 'load_from', 'init_cfg'],
)
def test_a_checkpoint_that_runs_code_is_refused(
    run, hostile, marker, tool, arguments, options
):
    arguments = [argument.format(hostile) for argument in arguments]
    options = [option.format(hostile) for option in options]
    process = run(tool, CONFIG, *arguments, options=options, work_dir='refused')

    assert process.returncode == 2
    assert not marker.exists()
    (line,) = re.findall(r'^\w+\.py: .*', process.stderr, re.M)
    assert f'{hostile} is refused' in line
    assert '--trust-checkpoint' in line


def test_a_trusted_checkpoint_is_loaded(run, hostile, marker):
    log = run.checked('test.py', CONFIG, hostile, '--trust-checkpoint')

    assert 'ccam/top1_loc' in log
    assert marker.exists()


def cut(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize('damage', [cut, flip])
def test_the_newest_whole_checkpoint_is_named(run, trained, damage):
    folder = run.folder / damage.__name__
    shutil.copytree(run.checkpoint.parent, folder)
    damage(folder / 'epoch_2.pth')
    process = run('train.py', CONFIG, '--resume', folder / 'epoch_2.pth')

    assert process.returncode == 2
    assert re.search(
        rf'epoch_2.pth is .*damaged.*whole checkpoint .* is {folder}/epoch_1.pth',
        process.stderr,
    )


def test_resuming_passes_over_a_damaged_checkpoint(run, trained):
    shutil.copytree(run.checkpoint.parent, run.folder / 'damaged')
    cut(run.folder / 'damaged/epoch_2.pth')
    options = dict(options=['train_cfg.max_epochs=2'], work_dir='damaged')
    log = run.checked('train.py', CONFIG, '--resume', **options)

    assert 'epoch_2.pth is passed over: it is truncated or damaged' in log
    assert 'resumed epoch: 1, iter: 2' in log


def test_resuming_where_all_checkpoints_are_damaged_is_refused(run_here, tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'')
    arguments = (CONFIG, '--resume', '--work-dir', tmp_path)
    code, _, errors = run_here('train.py', *arguments)

    assert code == 2
    message = f'train.py: {tmp_path} has no whole checkpoint: epoch_1.pth is empty'
    assert errors.splitlines()[-1].startswith(message)


def test_a_run_that_is_resumed_before_its_first_checkpoint_starts_anew(run, trained):
    options = [f'load_from={run.checkpoint}', 'train_cfg.max_epochs=1']
    arguments = ('train.py', CONFIG, '--resume', '--no-validate')
    log = run.checked(*arguments, options=options, work_dir='anew')

    assert 'anew has no checkpoint to resume: training begins' in log
    assert f'Load checkpoint from {run.checkpoint}' in log


def test_weights_alone_cannot_be_resumed(run, trained):
    weights = load_restricted(run.checkpoint)['state_dict']
    torch.save(weights, run.folder / 'weights.pth')
    path = run.folder / 'weights.pth'
    process = run('train.py', CONFIG, '--resume', path, work_dir='weights')

    assert process.returncode == 2
    last = process.stderr.splitlines()[-1]
    assert last.startswith(
        f'train.py: {path} has no meta and no message_hub and no opt'
    )


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
@pytest.mark.parametrize('tool', ['test.py', 'search_threshold.py'])
def test_a_full_disk_leaves_former_results(run, trained, tool):
    out = run.folder / f'former_{tool}.json'
    out.write_text('former')
    out.with_name(f'{out.name}.tmp').symlink_to('/dev/full')
    process = run(tool, CONFIG, run.checkpoint, '--out', out)

    assert process.returncode == 2
    last = process.stderr.splitlines()[-1]
    assert re.match(f'{tool}: cannot write {out}, .* No space left', last)
    assert out.read_text() == 'former'


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_a_full_disk_ends_training_with_a_sentence(run, trained):
    folder = run.folder / 'full'
    folder.mkdir()
    shutil.copy(run.checkpoint.with_name('epoch_1.pth'), folder)
    (folder / 'epoch_2.pth.tmp').symlink_to('/dev/full')
    options = dict(options=['train_cfg.max_epochs=2'], work_dir='full')
    process = run('train.py', CONFIG, '--resume', **options)

    assert process.returncode == 2
    last = process.stderr.splitlines()[-1]
    assert re.match(r'train.py: cannot write .*epoch_2.pth, .* No space left', last)
    assert [path.name for path in folder.glob('*.pth')] == ['epoch_1.pth']
