"""The classifier on board: at once, and by processes that are killed and go on."""

import json
import subprocess
import sys
import time

import cv2
import fork_server
import numpy as np
import pytest
from small_runs import ROOT

pytestmark = pytest.mark.slow
NUMBER = 60
# What hides OpenMMLab and all that comes with it.
PURE = """
import runpy, sys
names = 'mmengine mmcv mmpretrain matplotlib mat4py packaging tabulate tqdm'
sys.modules.update(dict.fromkeys(names.split()))
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition('/')[0])
runpy.run_path(sys.argv[0], run_name='__main__')
"""
OPTIONS = ('--size', 64, '--format', 'json', 'coco', 'yolo', '--batch-size', 4)


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """A folder with sixty images."""
    folder = tmp_path_factory.mktemp('images')
    generator = np.random.default_rng(0)
    for number in range(NUMBER):
        small = generator.integers(0, 256, (5, 4 + number % 3, 3), np.uint8)
        image = cv2.resize(small, None, fx=16, fy=16, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'{number:02}.png'), image)
    return folder


@pytest.fixture
def start(images, tmp_path):
    """Start processes of one job in the folder ``out``, with one thread each."""

    def start(out, processes, *options):
        command = ['python', ROOT / 'tools/localize.py', images, *OPTIONS]
        command += ['--out-dir', out, '--launcher', 'pytorch', *options]
        started = []
        for rank in range(processes):
            variables = dict(RANK=rank, WORLD_SIZE=processes, LOCAL_RANK=rank)
            env = fork_server.environment()
            env.update({name: str(value) for name, value in variables.items()})
            with open(tmp_path / f'{out}.log', 'a') as log:
                kwargs = dict(cwd=tmp_path, env=env, stdout=log, stderr=log)
                one = subprocess.Popen([*map(str, command)], **kwargs)
            started.append(one)
        return started

    return start


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and not path.name.startswith('.lock')
    }


def count_lines(folder):
    files = folder.glob('predictions*.jsonl')
    return sum(file.read_bytes().count(b'\n') for file in files)


def test_processes_that_are_killed_end_with_the_files_of_one(start, tmp_path):
    (one,) = start('one', 1)
    assert one.wait() == 0, (tmp_path / 'one.log').read_text()
    expected = files_of(tmp_path / 'one')
    assert len(json.loads(expected['predictions.json'])) == NUMBER
    # Pictures, labels, links of images, and what there is once.
    assert len(expected) == 3 * NUMBER + 7

    assert [one.wait() for one in start('two', 2)] == [0, 0]
    assert files_of(tmp_path / 'two') == expected

    three = start('three', 3, '--resume')
    while count_lines(tmp_path / 'three') < 10:
        assert all(one.poll() in (None, 0) for one in three)
        time.sleep(0.01)
    for one in three:  # the server kills what it has started for it
        one.kill()
    for one in three:
        one.wait()
    time.sleep(0.5)
    assert count_lines(tmp_path / 'three') < NUMBER
    again = start('three', 3, '--resume')
    assert [one.wait() for one in again] == [0, 0, 0]
    assert files_of(tmp_path / 'three') == expected


def test_a_photograph_is_localized_at_once_without_openmmlab(tmp_path):
    photograph = cv2.imread(str(ROOT / 'docs/pets.jpg'))[368:564, 2:292]
    cv2.imwrite(str(tmp_path / 'photo.jpg'), photograph)
    (tmp_path / 'boxes').mkdir()  # of an earlier call
    command = [sys.executable, '-c', PURE, ROOT / 'tools/localize.py', 'photo.jpg']
    process = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    first, last = process.stdout.splitlines()
    assert first.startswith('photo.jpg: Boston bull ')
    assert last.endswith('largest_component at 0.3: see boxes-2')
    assert (tmp_path / 'boxes-2/pictures/photo.jpg').exists()
