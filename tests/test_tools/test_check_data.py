import os
import subprocess
import sys

import pytest
from small_runs import CONFIG, ROOT

from mmccam.datasets.demo.generate import generate_demo

TOOL = ROOT / 'tools/check_data.py'


@pytest.fixture
def data(tmp_path):
    """A demo set with one image a class in each split."""
    return generate_demo(tmp_path / 'data', num_train=1, num_val=1, num_test=1)


@pytest.fixture
def run(run_here):
    """Run the tool here; give its exit code, the lines it prints and the last error."""

    def run(config, **options):
        code, out, err = run_here(*command(config, options))
        return code, out.splitlines(), err.splitlines()[-1:]

    return run


def command(config, options):
    pairs = [f'{key}={value}' for key, value in options.items()]
    return [TOOL, config, '--cfg-options', *pairs]


def options(data, *splits):
    return {f'{split}_dataloader.dataset.data_root': data for split in splits}


def test_good_data(run, data):
    code, lines, _ = run(CONFIG, **options(data, 'train', 'val', 'test'))

    assert code == 0
    assert lines == [
        'train: 12 images, 12 classes, 0 problems',
        'val: 12 images, 12 classes, 0 problems',
        'test: 12 images, 12 classes, 0 problems',
    ]


def test_bad_data_from_the_command_line(data, tmp_path):
    # Validation and test have the same images, with masks; there is no training.
    config = tmp_path / 'config.py'
    config.write_text(
        f'_base_ = {str(ROOT / "configs/nlccam/nlccam_vgg11_demo_masks.py")!r}\n'
        'train_dataloader = None\n'
        "val_dataloader = dict(dataset=dict(split='test-masks'))\n"
    )
    labels = data / 'metadata/test-masks/class_labels.txt'
    first, *others = labels.read_text().splitlines()
    image, mask = (line.split('.')[0] for line in (first, others[0]))
    labels.write_text('\n'.join([f'{image}.jpg,12', *others]))
    (data / f'images/{image}.jpg').write_bytes(b'')
    (data / f'masks/{mask}.png').write_bytes(b'no mask')

    process = subprocess.run(
        [sys.executable, *command(config, options(data, 'val', 'test'))],
        cwd=tmp_path,
        env=dict(os.environ, OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
    )

    assert process.returncode == 1, process.stderr
    # Which onedl-mmpretrain 1.3.6 prints when it is imported.
    output = process.stdout.replace('Could not import OneDL\n', '')
    assert output.splitlines() == [
        f'{labels}, line 1: the label must lie between 0 and 11, since there are 12 '
        'classes, got 12',
        f'cannot read the image {data}/images/{image}.jpg: the file is empty or of no '
        'known format',
        f'cannot read the mask {data}/masks/{mask}.png',
        'val, test: 12 images, 12 classes, 3 problems',
    ]


@pytest.mark.parametrize(
    ('config', 'options', 'message'),
    [
        ('nothing.py', {'key': 1}, 'No such file or directory: '),
        (
            CONFIG,
            {f'{split}_dataloader': None for split in ('train', 'val', 'test')},
            'must have at least one of train_dataloader, val_dataloader, test_dataload',
        ),
        (CONFIG, {'train_dataloader.dataset.type': 'Nothing'}, 'Nothing is not in'),
    ],
)
def test_bad_usage(run, config, options, message):
    code, lines, (error,) = run(config, **options)

    assert (code, lines) == (2, [])
    assert error.startswith('check_data.py: ') and message in error
