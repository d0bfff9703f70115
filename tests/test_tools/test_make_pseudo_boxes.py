"""The boxes of a model become a training set of COCO."""

import json
import shutil

import pytest
from small_runs import CONFIG

from mmccam.datasets import WSOLDataset

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def unboxed(run, tmp_path_factory):
    """The data set without boxes."""
    folder = tmp_path_factory.mktemp('unboxed') / 'data'
    shutil.copytree(run.data, folder)
    for file in folder.glob('metadata/*/localization.txt'):
        file.unlink()
    return folder


@pytest.fixture
def make_boxes(run, unboxed, searched, tmp_path):
    """Make boxes for a split by any number of processes; what was written."""

    def make_boxes(*args, split='train', processes=1):
        out = tmp_path / 'pseudo_boxes.json'
        out.unlink(missing_ok=True)
        tool = ('make_pseudo_boxes.py',)
        if processes > 1:
            tool = ('dist_run.sh', *tool, processes)
        run.checked(
            *(*tool, CONFIG, run.checkpoint, '--split', split, '--out', out, *args),
            options=[f'{split}_dataloader.dataset.data_root={unboxed}'],
        )
        return json.loads(out.read_text())

    return make_boxes


def test_each_training_image_has_a_box_of_its_class(make_boxes, unboxed):
    found = make_boxes('--thresholds')
    dataset = WSOLDataset(str(unboxed))
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = [category['name'] for category in found['categories']]
    assert names == list(dataset.metainfo['classes'])
    root = f'{unboxed}/images/'
    files = [root + image['file_name'] for image in found['images']]
    assert files == [info['img_path'] for info in infos]
    ids = ('id', 'image_id', 'category_id')
    boxes = [tuple(box[name] for name in ids) for box in found['annotations']]
    assert boxes == [(i + 1, i, info['gt_label']) for i, info in enumerate(infos)]
    for image, box in zip(found['images'], found['annotations']):
        x, y, width, height = box['bbox']
        assert x >= 0 and y >= 0 and width >= 1 and height >= 1
        assert x + width <= image['width'] and y + height <= image['height']
        assert box['area'] == width * height
        assert 0 < box['score'] < 1


def test_two_processes_write_the_boxes_of_one(make_boxes):
    one, two = (make_boxes('--thresholds', processes=count) for count in (1, 2))
    # Batches of other images have other rounding errors.
    for box, other in zip(one['annotations'], two['annotations']):
        other['score'] = pytest.approx(box['score'], rel=1e-5)
    assert one == two


def test_boxes_are_those_of_the_map_rule_and_threshold_asked_for(make_boxes, searched):
    best = searched['thresholds']['cam'][0]
    options = ('--box-rule', best['box_rule'], '--threshold', best['threshold'])
    found = make_boxes('--cam', 'cam', '--thresholds', split='test')
    assert make_boxes('--cam', 'cam', *options, split='test') == found
    assert make_boxes('--cam', 'cam', '--threshold', 0.9, split='test') != found


@pytest.mark.parametrize(
    ('args', 'options', 'message'),
    [
        (['--cam', 'heat'], [], 'the head makes no map "heat", only'),
        (['--box-rule', 'heat'], [], 'there is no box rule "heat", only'),
        (['--threshold', '1'], [], 'threshold must be at least 0 and below 1, got 1'),
        (
            [],
            ['train_dataloader.dataset.data_root=nowhere'],
            'there is no nowhere/classes.txt',
        ),
        (['--split', 'val'], ['val_dataloader=None'], f'{CONFIG} must have a val_data'),
    ],
)
def test_wrong_options_are_refused(run, tmp_path, args, options, message):
    out = tmp_path / 'boxes.json'
    arguments = (CONFIG, CONFIG, '--out', out, *args)  # any file as a checkpoint
    process = run('make_pseudo_boxes.py', *arguments, options=options)
    assert process.returncode == 2
    line = process.stderr.splitlines()[-1]
    assert line.startswith(f'make_pseudo_boxes.py: {message}')
    assert not out.exists()


def test_a_wrapped_data_set_is_refused(run_here, tmp_path):
    config = tmp_path / 'repeated.py'
    config.write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        'dataset = _base_.train_dataloader.dataset\n'
        "repeated = dict(_delete_=True, type='RepeatDataset', times=2)\n"
        'train_dataloader = dict(dataset=dict(repeated, dataset=dataset))\n'
    )
    arguments = (config, CONFIG, '--out', tmp_path / 'boxes.json')
    code, _, err = run_here('make_pseudo_boxes.py', *arguments)
    assert code == 2
    assert err.endswith('must be a data set with a pipeline, got RepeatDataset\n')
