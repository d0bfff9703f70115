import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mmccam.datasets.demo import generate_demo

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs/nlccam_demo.py'


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Run a tool on a small demo set of 24 training, 12 val and 12 test images."""
    folder = tmp_path_factory.mktemp('tools')
    data = generate_demo(folder / 'data', num_train=2, num_val=1, num_test=1)

    def run_tool(tool, *args, options=()):
        loaders = [f'{s}_dataloader' for s in ('train', 'val', 'test')]
        shell = 'bash' if tool.endswith('.sh') else sys.executable
        return subprocess.run(
            [shell, str(ROOT / 'tools' / tool), *map(str, args)]
            + ['--work-dir', str(folder / 'work_dir'), '--cfg-options']
            + [f'{loader}.dataset.data_root={data}' for loader in loaders]
            + [f'{loader}.num_workers=0' for loader in loaders]
            + [f'{loader}.persistent_workers=False' for loader in loaders]
            + ['train_dataloader.batch_size=12', *options],
            cwd=folder,
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
                'PORT': str(free_port()),
            },
            capture_output=True,
            text=True,
        )

    run_tool.folder = folder
    run_tool.checkpoint = folder / 'work_dir/epoch_2.pth'
    return run_tool


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def checked(process):
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout + process.stderr


@pytest.fixture(scope='module')
def trained(run):
    """Train for one epoch, stop, resume for another; the log of the second run."""
    checked(run('train.py', CONFIG, options=['train_cfg.max_epochs=1']))
    options = ['train_cfg.max_epochs=2', 'train_cfg.val_interval=1']
    return checked(run('train.py', CONFIG, '--resume', options=options))


def accuracies(text):
    """Read the numbers behind names with a slash, such as ``cam/top1_loc: 8.3333``."""
    return {name: float(value) for name, value in re.findall(r'(\w+/\w+): (\S+)', text)}


def test_training_resumes_where_it_stopped(trained):
    assert 'resumed epoch: 1, iter: 2' in trained
    assert 'Epoch(train) [1]' not in trained
    assert 'Saving checkpoint at 2 epochs' in trained


def test_the_checkpoint_gives_the_numbers_of_training(run, trained):
    (validated,) = re.findall(r'Epoch\(val\) \[2\].*accuracy/top1.*', trained)
    out = run.folder / 'metrics.json'
    log = checked(
        run(
            'test.py',
            CONFIG,
            run.checkpoint,
            '--out',
            out,
            options=['test_dataloader.dataset.split=val'],
        )
    )

    metrics = json.loads(out.read_text())
    assert set(metrics) == {
        'accuracy/top1',
        *(
            f'{cam}/{name}'
            for cam in ('ccam', 'cam')
            for name in ('top1_loc', 'top5_loc', 'gt_known_loc')
        ),
    }
    assert accuracies(validated) == pytest.approx(metrics, abs=1e-4)
    assert 'Epoch(test)' in log


def test_evaluation_leaves_pictures(run, trained):
    pictures = list(run.folder.glob('work_dir/*/vis_data/vis_image/*.png'))

    # Of 12 images every second is drawn: 6, in the epoch that was validated.
    assert len({path.name for path in pictures if path.stem.endswith('_2')}) == 6


def test_the_threshold_is_chosen_on_val_and_used_on_test(run, trained):
    out = run.folder / 'thresholds.json'
    log = checked(
        run(
            'search_threshold.py',
            CONFIG,
            run.checkpoint,
            '--out',
            out,
        )
    )

    result = json.loads(out.read_text())
    for cam in ('ccam', 'cam'):
        row = [
            float(value) for value in re.search(rf'^{cam} +(.*)$', log, re.M)[1].split()
        ]
        test = [
            result['test'][f'{cam}/{n}']
            for n in ('top1_loc', 'top5_loc', 'gt_known_loc')
        ]
        assert row == pytest.approx(
            [result['search'][f'{cam}/threshold'], *test], abs=0.05
        )
        config = next(run.folder.glob('work_dir/test/*/vis_data/config.py')).read_text()
        assert f'threshold={result["search"][f"{cam}/threshold"]}' in config


def test_a_threshold_is_not_chosen_on_the_test_split(run, trained):
    process = run(
        'search_threshold.py',
        CONFIG,
        run.checkpoint,
        '--out',
        run.folder / 'same.json',
        options=['val_dataloader.dataset.split=test'],
    )

    assert process.returncode != 0
    assert 'validation and test split of the config are the same' in process.stderr


def test_a_checkpoint_of_another_network_is_refused(run, trained):
    out = run.folder / 'other.json'
    process = run(
        'test.py',
        CONFIG,
        run.checkpoint,
        '--out',
        out,
        options=['model.backbone.non_local_stages=(4,)'],
    )

    assert process.returncode != 0
    assert 'unexpected key in source state_dict: backbone.non_local' in process.stderr
    assert not out.exists()


def test_two_processes_give_the_numbers_of_one(run, trained):
    results = []
    for processes in (1, 2):
        out = run.folder / f'metrics_{processes}.json'
        checked(
            run(
                'dist_test.sh',
                CONFIG,
                run.checkpoint,
                processes,
                '--out',
                out,
                options=['test_dataloader.batch_size=5'],
            )
        )
        results.append(json.loads(out.read_text()))

    assert results[0] == results[1]


def test_two_processes_train(run):
    log = checked(
        run(
            'dist_train.sh',
            CONFIG,
            2,
            options=['train_cfg.max_epochs=1', 'train_cfg.val_interval=1'],
        )
    )

    assert 'Saving checkpoint at 1 epochs' in log
    assert re.search(r'Epoch\(val\) \[1\].*accuracy/top1', log)


@pytest.mark.parametrize(
    ('tool', 'args', 'message'),
    [
        ('train.py', ['--amp'], '--amp: .* needs a GPU'),
        (
            'test.py',
            ['model.pth', '--out', 'metrics.txt'],
            r'must end in .json or .pkl',
        ),
    ],
)
def test_wrong_options_are_refused(run, tool, args, message):
    process = run(tool, CONFIG, *args)

    assert process.returncode == 2
    assert re.search(message, process.stderr)


def test_a_head_with_too_few_classes_is_refused_before_training(run):
    process = run(
        'train.py',
        CONFIG,
        options=['model.head.num_classes=3'],
    )

    assert process.returncode != 0
    assert re.search(r'num_classes` \(3\) in GAPClsHead .* 12', process.stderr)
    assert 'Epoch(train)' not in process.stdout
