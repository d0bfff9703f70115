"""The tools that check data sets and draw the demo data."""

import pytest
from small_runs import CONFIG, ROOT

from mmccam.datasets.demo import generate_demo

SPLITS = ('train', 'val', 'test')


@pytest.fixture
def data(tmp_path):
    """A demo set with one image a class in each split."""
    return generate_demo(tmp_path / 'data', num_train=1, num_val=1, num_test=1)


@pytest.fixture
def check(run_here):
    """Run check_data.py; give its exit code, the lines it prints and the last error."""

    def check(config, options):
        pairs = [f'{key}={value}' for key, value in options.items()]
        code, out, err = run_here('check_data.py', config, '--cfg-options', *pairs)
        return code, out.splitlines(), err.splitlines()[-1:]

    return check


def test_good_data(check, data):
    roots = {f'{split}_dataloader.dataset.data_root': data for split in SPLITS}
    code, lines, _ = check(CONFIG, roots)
    assert code == 0
    assert lines == [f'{split}: 12 images, 12 classes, 0 problems' for split in SPLITS]


def test_bad_data(check, data, tmp_path):
    # Validation and test have the same images, with masks; there is no training.
    config = tmp_path / 'config.py'
    config.write_text(
        f'_base_ = {str(ROOT / "configs/nlccam/nlccam_vgg11_demo_masks.py")!r}\n'
        f'data = dict(data_root={str(data)!r}, split="test-masks")\n'
        'train_dataloader = None\n'
        'val_dataloader = dict(dataset=data)\n'
        'test_dataloader = dict(dataset=data)\n'
    )
    labels = data / 'metadata/test-masks/class_labels.txt'
    first, *others = labels.read_text().splitlines()
    image, mask = (line.split('.')[0] for line in (first, others[0]))
    labels.write_text('\n'.join([f'{image}.jpg,12', *others]))
    (data / f'images/{image}.jpg').write_bytes(b'')
    (data / f'masks/{mask}.png').write_bytes(b'no mask')

    code, lines, _ = check(config, {'test_dataloader.dataset.split': 'test-masks'})
    assert code == 1
    starts = [
        f'{labels}, line 1: the label must lie between 0 and 11',
        f'cannot read the image {data}/images/{image}.jpg',
        f'cannot read the mask {data}/masks/{mask}.png',
        'val, test: 12 images, 12 classes, 3 problems',
    ]
    assert [line[: len(start)] for line, start in zip(lines, starts)] == starts


@pytest.mark.parametrize(
    ('config', 'options', 'message'),
    [
        ('nothing.py', {'key': 1}, 'there is no config nothing.py, '),
        (
            CONFIG,
            {f'{split}_dataloader': None for split in SPLITS},
            'must have at least one of train_dataloader, val_dataloader, test_dataload',
        ),
        (CONFIG, {'train_dataloader.dataset.type': 'Nothing'}, 'Nothing is not in'),
    ],
)
def test_bad_usage(check, config, options, message):
    code, lines, (error,) = check(config, options)
    assert (code, lines) == (2, [])
    assert error.startswith('check_data.py: ') and message in error


@pytest.mark.parametrize(
    ('option', 'message'),
    [('--seed=0', 'remove it or name another'), ('--seed=-1', 'at least 0, got -1')],
)
def test_the_demo_refuses_a_folder_with_files_and_a_wrong_seed(
    run_here, tmp_path, option, message
):
    (tmp_path / 'mine.txt').write_text('mine')
    code, _, error = run_here('make_demo_data.py', tmp_path, option)
    assert code == 2
    (line,) = error.splitlines()
    assert line.startswith('make_demo_data.py: ') and line.endswith(message)
