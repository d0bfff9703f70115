"""Several real processes, over gloo, give the numbers of one."""

import json
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import cv2
import fork_server
import numpy as np
import pytest
from cluster import COMMANDS, free_port
from small_runs import CONFIG, ROOT

pytestmark = pytest.mark.slow

# 11 images, which neither 2 nor 3 processes divide, of which one is slower than the
# other, all kinds of metrics, and classes ranked on ten crops.
IMAGES = 11
SLOW_CONFIG = f"""
_base_ = {str(CONFIG)!r}
custom_imports = dict(imports=['mmccam', 'slow_processes'])
custom_hooks = [dict(type='SlowProcesses')]
crops = dict(num_crops=10, edge=72, side=64)
model = dict(type='mmccam.TwoViewClassifier', score_crops=crops)
test_dataloader = dict(batch_size=4, dataset=dict(indices={IMAGES}))
test_evaluator = [
    *_base_.test_evaluator,
    dict(type='mmccam.ThresholdSearch', cam='ccam', prefix='search'),
]
"""
SLOW_PROCESSES = """
import time

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class SlowProcesses(Hook):
    def before_test_iter(self, runner, batch_idx, data_batch=None):
        time.sleep(0.3 * get_rank())
"""


@pytest.fixture(scope='module')
def numbers(run, trained):
    """The metrics of one process, without a launcher."""
    run.checked('test.py', CONFIG, run.checkpoint, '--out', run.folder / 'one.json')
    return json.loads((run.folder / 'one.json').read_text())


def test_metrics_and_sheet_of_any_number_of_processes_are_equal(
    run, trained, monkeypatch
):
    config = run.folder / 'slow.py'
    config.write_text(SLOW_CONFIG)
    (run.folder / 'slow_processes.py').write_text(SLOW_PROCESSES)
    monkeypatch.syspath_prepend(run.folder)
    found, sheets = [], []
    for processes in (1, 2, 3):
        outs = [run.folder / f'of_{processes}.{suffix}' for suffix in ('json', 'png')]
        command = ['test.py', config, run.checkpoint]
        if processes > 1:
            command = ['dist_test.sh', *command[1:], processes]
        run.checked(*command, '--out', *outs, env=dict(PYTHONPATH=str(run.folder)))
        found.append(json.loads(outs[0].read_text()))
        sheets.append(cv2.imread(str(outs[1])).astype(int))

    assert found[0]['metrics']['search/largest_component_gt_known_loc'] > 0
    assert found[0]['maps']['pipeline'][1]['num_crops'] == 10
    (kinds, *_) = found[0]['errors']
    assert sum(kinds[kind] for kind in kinds if kind != 'map') == IMAGES
    for metrics, sheet in zip(found[1:], sheets[1:]):
        assert metrics == found[0]
        # Other batches may change the last bits of a map.
        assert sheet.shape == sheets[0].shape
        assert np.abs(sheet - sheets[0]).max() <= 2


def test_two_processes_find_the_thresholds_of_one(run, searched):
    out = run.folder / 'searched_by_two.json'
    arguments = ('search_threshold.py', 2, CONFIG, run.checkpoint, '--out', out)
    run.checked('dist_run.sh', *arguments)
    assert json.loads(out.read_text()) == searched


def test_two_processes_train_with_a_learning_rate_of_their_batch(run):
    log = run.checked(
        'dist_train.sh',
        *(CONFIG, 2, '--auto-scale-lr'),
        options=['train_cfg.max_epochs=1', 'train_cfg.val_interval=1'],
        work_dir='two_processes',
    )

    # 2 batches of 6, where the rate is for 32.
    assert 'current batch size is 12. Scaling the original LR by 0.375' in log
    assert re.search(r'Epoch\(train\) \[1\]\[1/1\]', log)
    assert re.search(r'Epoch\(val\) \[1\].*accuracy/top1', log)
    assert 'Saving checkpoint at 1 epochs' in log


def test_two_machines_give_the_numbers_of_one_process(run, numbers):
    port, out = str(free_port()), run.folder / 'machines.json'

    def test(machine):
        env = dict(NNODES='2', NODE_RANK=machine, PORT=port)
        arguments = (CONFIG, run.checkpoint, 1, '--out', out)
        run.checked('dist_test.sh', *arguments, env=env)

    with ThreadPoolExecutor() as threads:
        list(threads.map(test, '01'))
    assert json.loads(out.read_text()) == numbers


@pytest.mark.parametrize(
    ('script', 'command'), [('dist_train.sh', 'python'), ('slurm_train.sh', 'srun')]
)
def test_a_script_that_is_ended_ends_what_it_has_started(tmp_path, script, command):
    waits = '#!/usr/bin/env bash\necho $$ started\nexec sleep 60\n'
    (tmp_path / command).write_text(waits)
    (tmp_path / command).chmod(0o755)
    process = subprocess.Popen(
        [str(ROOT / 'tools' / script), 'one', '2', 'three'],
        env=dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}'),
        stdout=subprocess.PIPE,
        text=True,
    )
    pid, _ = process.stdout.readline().split()
    process.terminate()
    assert process.wait() == -signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@pytest.fixture
def cluster(run, tmp_path):
    """The environment of a cluster on this computer."""
    fork_server.write_programs(tmp_path, COMMANDS)
    path = f'{tmp_path}:{fork_server.environment()["PATH"]}'
    return dict(PATH=path, MASTER_PORT=str(free_port()), GPUS='2', GRES='')


def test_slurm_gives_the_numbers_of_one_process(run, numbers, cluster):
    out = run.folder / 'slurm.json'
    arguments = ('partition', 'job', CONFIG, run.checkpoint, '--out', out)
    run.checked('slurm_test.sh', *arguments, env=cluster)
    assert json.loads(out.read_text()) == numbers


def test_mpi_gives_the_numbers_of_one_process(run, numbers, cluster, tmp_path):
    out, script = run.folder / 'mpi.json', tmp_path / 'mpi_test.sh'
    script.write_text(f'mpirun -n 2 python {ROOT}/tools/test.py --launcher mpi "$@"')
    env = dict(cluster, MASTER_ADDR='127.0.0.1')
    run.checked(str(script), CONFIG, run.checkpoint, '--out', out, env=env)
    assert json.loads(out.read_text()) == numbers


def test_slurm_is_asked_to_train(run, cluster, tmp_path):
    (tmp_path / 'srun').write_text('#!/usr/bin/env bash\necho "$@"\n')
    log = run.checked('slurm_train.sh', 'partition', 'job', CONFIG, env=cluster)
    assert log.startswith('--partition=partition --job-name=job --ntasks=2 ')
    assert f'tools/train.py {CONFIG} --work-dir {run.folder}' in log
    assert log.endswith(' --launcher slurm\n')
