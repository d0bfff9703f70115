"""On a GPU: training and evaluation in a process over NCCL, and localize.py."""

import json

import pytest
from small_runs import CONFIG

pytestmark = [pytest.mark.cuda, pytest.mark.slow]


@pytest.fixture(scope='module')
def folder(run):
    """The folder of a training in float16, of one process over NCCL."""
    options = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1']
    log = run.checked(
        *('dist_train.sh', CONFIG, 1, '--amp'),
        options=options,
        work_dir='nccl',
        env=dict(NCCL_DEBUG='VERSION'),
    )
    assert 'NCCL version' in log
    assert 'Epoch(val) [1]' in log
    return run.folder / 'nccl'


def test_one_process_over_nccl_gives_the_numbers_of_one_without(run, folder):
    arguments = (CONFIG, folder / 'epoch_1.pth')
    found, expected = folder / 'nccl.json', folder / 'none.json'
    run.checked('dist_test.sh', *arguments, 1, '--out', found)
    run.checked('test.py', *arguments, '--out', expected)
    assert json.loads(found.read_text()) == json.loads(expected.read_text())


@pytest.mark.parametrize('device', ['cuda', 'cuda:0', 'cpu'])
def test_images_are_localized_on_a_device(run_here, run, folder, tmp_path, device):
    arguments = ('--checkpoint', folder / 'epoch_1.pth', '--out-dir', tmp_path)
    images = run.data / 'images/test'
    code, out, err = run_here('localize.py', images, *arguments, '--device', device)
    assert code == 0, err
    assert '12 images localized, 0 skipped' in out
