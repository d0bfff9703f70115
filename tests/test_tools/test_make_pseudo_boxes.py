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


@pytest.fixture(scope='module')
def make_boxes(run, unboxed, searched):
    """Make boxes for a split by any number of processes; these and the log."""

    def make_boxes(*args, split='train', processes=1):
        out = run.folder / 'pseudo_boxes.json'
        out.unlink(missing_ok=True)
        tool = ('make_pseudo_boxes.py',)
        if processes > 1:
            tool = ('dist_run.sh', *tool, processes)
        log = run.checked(
            *(*tool, CONFIG, run.checkpoint, '--split', split, '--out', out, *args),
            options=[f'{split}_dataloader.dataset.data_root={unboxed}'],
        )
        return json.loads(out.read_text()), log

    return make_boxes


@pytest.fixture(scope='module')
def found(make_boxes):
    """The boxes of the training images."""
    return make_boxes('--thresholds')[0]


def test_each_training_image_has_a_box_of_its_class(found, unboxed):
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


def test_two_processes_write_the_boxes_of_one(make_boxes, found):
    two, _ = make_boxes('--thresholds', processes=2)
    # Batches of other images have other rounding errors.
    for box, other in zip(found['annotations'], two['annotations']):
        other['score'] = pytest.approx(box['score'], rel=1e-5)
    assert found == two


def test_boxes_are_those_of_the_map_rule_and_threshold_asked_for(make_boxes, searched):
    rule, threshold, _ = searched['thresholds']['cam'][0].values()
    boxes, log = make_boxes('--cam', 'cam', '--thresholds', split='test')
    assert f'Boxes by the rule {rule} with the threshold {threshold:g} are' in log
    options = ('--box-rule', rule, '--threshold', threshold)
    assert make_boxes('--cam', 'cam', *options, split='test')[0] == boxes


@pytest.mark.parametrize(
    ('args', 'options', 'message'),
    [
        (['--cam', 'heat'], [], 'the head makes no map "heat", only'),
        (['--split', 'val'], ['val_dataloader=None'], f'{CONFIG} must have a val_data'),
    ],
)
def test_wrong_options_are_refused(run, tmp_path, args, options, message):
    out = tmp_path / 'boxes.json'
    arguments = (CONFIG, CONFIG, '--out', out, *args)  # any file as a checkpoint
    line = run.refused('make_pseudo_boxes.py', *arguments, options=options)
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
