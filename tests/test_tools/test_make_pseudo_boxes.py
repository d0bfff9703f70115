"""The boxes of a model become a training set of COCO."""

import json
import shutil

import pytest
from small_runs import CONFIG

from mmccam.datasets import WSOLDataset


@pytest.fixture(scope='module')
def unboxed(run, tmp_path_factory):
    """The data set without boxes."""
    folder = tmp_path_factory.mktemp('unboxed') / 'data'
    shutil.copytree(run.data, folder)
    for file in folder.glob('metadata/*/localization.txt'):
        file.unlink()
    return folder


@pytest.fixture(scope='module')
def make_boxes(run, unboxed, searched):
    """Make boxes for a split by any number of processes; what was written."""

    def make_boxes(*args, split='train', processes=1):
        out = run.folder / 'pseudo_boxes.json'
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


@pytest.fixture(scope='module')
def train_boxes(make_boxes):
    return make_boxes('--thresholds')


def test_each_training_image_has_a_box_of_its_class(train_boxes, unboxed):
    dataset = WSOLDataset(str(unboxed))
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = [category['name'] for category in train_boxes['categories']]
    assert names == list(dataset.metainfo['classes'])
    root = f'{unboxed}/images/'
    files = [root + image['file_name'] for image in train_boxes['images']]
    assert files == [info['img_path'] for info in infos]
    boxes = [
        (box['id'], box['image_id'], box['category_id'])
        for box in train_boxes['annotations']
    ]
    expected = [(i + 1, i, info['gt_label']) for i, info in enumerate(infos)]
    assert boxes == expected


def test_boxes_lie_in_their_images(train_boxes):
    for image, box in zip(train_boxes['images'], train_boxes['annotations']):
        x, y, width, height = box['bbox']
        assert x >= 0 and y >= 0 and width >= 1 and height >= 1
        assert x + width <= image['width'] and y + height <= image['height']
        assert box['area'] == width * height
        assert 0 < box['score'] < 1


def test_two_processes_write_the_boxes_of_one(train_boxes, make_boxes):
    found = make_boxes('--thresholds', processes=2)
    # Batches of other images have other rounding errors.
    assert len(found['annotations']) == len(train_boxes['annotations'])
    for box, other in zip(found['annotations'], train_boxes['annotations']):
        assert box == dict(other, score=pytest.approx(other['score'], rel=1e-5))
    assert dict(found, annotations=0) == dict(train_boxes, annotations=0)


def test_boxes_are_those_of_the_map_rule_and_threshold_asked_for(make_boxes, searched):
    best = searched['thresholds']['cam'][0]
    options = ('--box-rule', best['box_rule'], '--threshold', best['threshold'])
    found = make_boxes('--cam', 'cam', '--thresholds', split='test')
    assert make_boxes('--cam', 'cam', *options, split='test') == found
    assert make_boxes('--cam', 'cam', '--threshold', 0.9, split='test') != found


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--cam', 'heat'], 'the head makes no map "heat", only'),
        (['--box-rule', 'heat'], 'there is no box rule "heat", only cam'),
        (['--threshold', '1'], 'threshold must be at least 0 and below 1, got 1'),
        (
            ['--cfg-options', 'train_dataloader.dataset.data_root=nowhere'],
            'there is no nowhere/classes.txt',
        ),
    ],
)
def test_wrong_options_are_refused(run, trained, run_here, tmp_path, options, message):
    out = tmp_path / 'boxes.json'
    data = ('--cfg-options', f'train_dataloader.dataset.data_root={run.data}')
    arguments = (CONFIG, run.checkpoint, '--work-dir', tmp_path, '--out', out)
    code, _, err = run_here('make_pseudo_boxes.py', *arguments, *data, *options)
    assert code == 2
    assert err.splitlines()[-1].startswith(f'make_pseudo_boxes.py: {message}')
    assert not out.exists()


def test_a_wrapped_data_set_is_refused(run, trained, run_here, tmp_path):
    config = tmp_path / 'repeated.py'
    config.write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        'dataset = _base_.train_dataloader.dataset\n'
        "repeated = dict(_delete_=True, type='RepeatDataset', times=2)\n"
        'train_dataloader = dict(dataset=dict(repeated, dataset=dataset))\n'
    )
    arguments = (config, run.checkpoint, '--out', tmp_path / 'boxes.json')
    code, _, err = run_here('make_pseudo_boxes.py', *arguments)
    assert code == 2
    assert err.endswith('must be a data set with a pipeline, got RepeatDataset\n')
