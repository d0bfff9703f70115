"""Tools run no code of a checkpoint, and resume from complete ones.

What is refused and said is tested in test_checkpoints/ and test_engine/test_resume.py.
"""

import re
import shutil

import pytest
import torch
from mmengine.runner import Runner
from small_runs import CONFIG, Touch

from mmccam.checkpoints.allowed import load_restricted

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def hostile(run, trained):
    """A checkpoint of a run that also makes the file ``marker`` when it is loaded."""
    checkpoint = load_restricted(run.checkpoint)
    checkpoint['meta']['note'] = Touch(run.folder / 'marker')
    torch.save(checkpoint, run.folder / 'hostile.pth')
    return run.folder / 'hostile.pth'


@pytest.mark.parametrize(
    ('tool', 'option'),
    [('test.py', []), ('search_threshold.py', []), ('train.py', ['--resume'])],
)
def test_a_checkpoint_that_runs_code_is_refused(run, hostile, tool, option):
    line = run.refused(tool, CONFIG, *option, hostile, work_dir='refused')
    assert f'{hostile} is refused' in line and '--trust-checkpoint' in line
    assert not (run.folder / 'marker').exists()


def test_a_trusted_checkpoint_is_loaded(run, hostile):
    log = run.checked('test.py', CONFIG, hostile, '--trust-checkpoint')
    assert 'Localization in percent.' in log
    (run.folder / 'marker').unlink()


def test_resuming_passes_over_a_damaged_checkpoint(run, trained):
    shutil.copytree(run.checkpoint.parent, run.folder / 'damaged')
    (run.folder / 'damaged/epoch_2.pth').write_bytes(b'')
    options = dict(options=['train_cfg.max_epochs=2'], work_dir='damaged')
    log = run.checked('train.py', CONFIG, '--resume', '--no-validate', **options)
    assert 'epoch_2.pth is passed over: it is empty' in log
    assert 'resumed epoch: 1, iter: 2' in log


def test_a_run_that_is_resumed_before_its_first_checkpoint_starts_again(run, trained):
    options = [f'load_from={run.checkpoint}', 'train_cfg.max_epochs=1']
    arguments = ('train.py', CONFIG, '--resume', '--no-validate')
    log = run.checked(*arguments, options=options, work_dir='again')
    assert 'again has no checkpoint to resume: training begins' in log
    assert f'Load checkpoint from {run.checkpoint}' in log


def test_a_checkpoint_that_is_replaced_gets_no_thresholds(run, trained, monkeypatch):
    path = run.folder / 'replaced.pth'
    shutil.copy(run.checkpoint, path)
    monkeypatch.setattr(Runner, 'test', lambda runner: path.write_bytes(b'new'))
    line = run.refused('search_threshold.py', CONFIG, path)
    assert line.endswith(f'{path} was replaced during the search: search again')
    assert not path.with_suffix('.thresholds.json').exists()


@pytest.mark.parametrize('tool', ['test.py', 'search_threshold.py'])
def test_a_full_disk_leaves_former_results(run, trained, full_disk, tool):
    out = run.folder / f'former_{tool}.json'
    out.write_text('former')
    full_disk(out.name)
    line = run.refused(tool, CONFIG, run.checkpoint, '--out', out)
    assert re.match(f'{tool}: cannot write {out}, .* No space left', line)
    assert out.read_text() == 'former'
