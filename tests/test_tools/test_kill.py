"""Training that is killed and resumed ends like training that is not.

Real processes on small images, ended by SIGKILL, to the last bit of their checkpoints.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import fork_server
import pytest
from cluster import free_port
from small_runs import CONFIG as SMALL
from small_runs import ROOT
from states import assert_same_state, read_state

from mmccam.datasets.demo import generate_demo

# How often the run of random moments is tried, each with a seed of its own.
RUNS = int(os.environ.get('MMCCAM_KILL_RUNS', 1))
EPOCHS = 4
CONFIG = f"""
_base_ = {str(SMALL)!r}
custom_hooks = [*_base_.custom_hooks, dict(type='EMAHook', momentum=0.1)]
default_hooks = dict(checkpoint=dict(save_best='cam/gt_known_loc'))
train_cfg = dict(max_epochs={EPOCHS}, val_interval=1)
# bfloat16 is very slow on processors without it.
train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (20, 20)
train_pipeline[2].crop_size = 16
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path('/proc/self/cmdline').exists(), reason='finds its processes by /proc'
    ),
]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with a config and 24 training and 12 validation images."""
    folder = tmp_path_factory.mktemp('kill')
    data = generate_demo(folder / 'data', num_train=2, num_val=1, num_test=1)
    loader = dict(batch_size=4, dataset=dict(data_root=str(data)))
    loaders = [f'{split}_dataloader = {loader}' for split in ('train', 'val', 'test')]
    loaders.append('train_dataloader["dataset"]["pipeline"] = train_pipeline')
    (folder / 'config.py').write_text(CONFIG + '\n'.join(loaders))
    return folder


def start(folder, run, processes):
    """Start training, or let it go on, in the folder ``run``."""
    tools = ROOT / 'tools'
    command = ['python', str(tools / 'train.py'), 'config.py', '--amp']
    if processes > 1:
        command = ['bash', str(tools / 'dist_train.sh'), 'config.py', str(processes)]
    with open(folder / f'{run}.log', 'a') as log:
        return subprocess.Popen(
            [*command, '--resume', '--work-dir', str(folder / run)],
            cwd=folder,
            env=dict(fork_server.environment(), PORT=str(free_port())),
            stdout=log,
            stderr=log,
        )


def kill(run, process):
    """Kill a run with the processes that it has started, all at once."""
    process.kill()  # at the moment, before the others are found
    while numbers := processes_of(run):
        for number in numbers:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.kill(number, signal.SIGKILL)
    process.wait()


def processes_of(run):
    """The numbers of the processes that print to the log of a run."""
    numbers = []
    for path in Path('/proc').glob('[0-9]*/fd/1'):
        with suppress(OSError):
            if path.readlink() == run.with_name(f'{run.name}.log'):
                numbers.append(int(path.parts[2]))
    return numbers


def finish(folder, run, processes):
    """Let a run go on to its end; the seconds from the start of training."""
    process = start(folder, run.name, processes)
    wait_for_training(run, process)
    begin = time.monotonic()
    assert process.wait() == 0, (folder / f'{run.name}.log').read_text()[-3000:]
    return time.monotonic() - begin


@pytest.fixture(scope='module')
def unbroken(folder):
    """Folder and seconds of a run that is not killed, for a number of processes."""

    @cache
    def unbroken(processes):
        run = folder / f'unbroken{processes}'
        return run, finish(folder, run, processes)

    return unbroken


def wait_for(condition, process, timeout=180):
    """Wait until something is true or the process has ended."""
    end = time.monotonic() + timeout
    while not condition() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.001)


def wait_for_training(run, process):
    """Wait until a process that was just started trains."""

    def starts():
        logs = run.glob('*/*.log')
        return sum('Checkpoints will be saved' in log.read_text() for log in logs)

    former = starts()
    wait_for(lambda: starts() > former, process)


def at_a_random_moment(run, process, seconds, rng):
    wait_for_training(run, process)
    time.sleep(rng.uniform(0, seconds))


def in_the_writing_of_a_checkpoint(run, process, seconds, rng):
    wait_for(lambda: list(run.glob('*.pth.*.tmp')), process)


def before_the_end_of_validation(run, process, seconds, rng):
    wait_for(lambda: list(run.glob('epoch_*.pth')), process)


def is_half_written(run):
    return bool(list(run.glob('*.pth.*.tmp')))


def is_not_validated(run):
    return 'last_validated' not in read_state(run / 'epoch_1.pth')['info']


@pytest.mark.parametrize(
    ('moment', 'is_hit', 'seed', 'kills', 'processes'),
    [
        *((at_a_random_moment, None, seed, 3, 1) for seed in range(RUNS)),
        *((at_a_random_moment, None, seed, 2, 2) for seed in range(RUNS)),
        (in_the_writing_of_a_checkpoint, is_half_written, 0, 1, 1),
        (before_the_end_of_validation, is_not_validated, 0, 1, 1),
    ],
)
def test_a_killed_run_ends_like_an_unbroken_one(
    folder, unbroken, moment, is_hit, seed, kills, processes
):
    expected, seconds = unbroken(processes)
    rng = random.Random(seed)
    run = folder / f'{moment.__name__}_{processes}_{seed}'
    killed = misses = 0
    while killed < kills:
        process = start(folder, run.name, processes)
        moment(run, process, seconds, rng)
        killed += 1
        is_over = process.poll() is not None  # faster than the unbroken one
        if not is_over:
            kill(run, process)
        if is_over or not (is_hit is None or is_hit(run)):
            killed, seconds, misses = 0, seconds / 2, misses + 1
            assert misses < 10
            shutil.rmtree(run)
    finish(folder, run, processes)

    names = sorted(path.name for path in expected.glob('*.pth'))
    assert sorted(path.name for path in run.glob('*.pth')) == names
    for name in names:
        assert_same_state(read_state(run / name), read_state(expected / name))
