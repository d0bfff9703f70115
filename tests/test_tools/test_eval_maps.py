import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from small_runs import CONFIG, ROOT

from mmccam.datasets.demo import generate_demo

TOOL = ROOT / 'tools/eval_maps.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A demo set with one image a class in each split."""
    folder = tmp_path_factory.mktemp('eval_maps') / 'data'
    return generate_demo(folder, num_train=1, num_val=1, num_test=1)


@pytest.fixture(scope='module')
def maps(data):
    """The masks of the test images as maps of another program."""
    for path in data.glob('masks/**/*.png'):
        if not path.stem.endswith('_ignore'):
            name = path.relative_to(data / 'masks').with_suffix('.jpg.npy')
            target = data / 'maps' / name
            target.parent.mkdir(parents=True, exist_ok=True)
            np.save(target, np.array(Image.open(path)) / 255)
    return data / 'maps'


@pytest.fixture(scope='module')
def boxes(data):
    """The right boxes of the test images, the odd ones with the class 0."""
    lines = (data / 'metadata/test/localization.txt').read_text().splitlines()
    results = []
    for number, line in enumerate(lines):
        x0, y0, x1, y1 = map(int, line.split(',')[1:])
        bbox = [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
        label = 0 if number % 2 else number
        results.append(dict(image_id=number, category_id=label, bbox=bbox, score=0.5))
    path = data / 'boxes.json'
    path.write_text(json.dumps(results))
    return path


@pytest.fixture
def run(data, run_here):
    """Run the tool here; give its exit code, output and errors."""

    def run(*args, config=CONFIG, options=()):
        splits = [f'{split}_dataloader.dataset' for split in ('val', 'test')]
        options = [*(f'{split}.data_root={data}' for split in splits), *options]
        return run_here(TOOL, config, *args, '--cfg-options', *options)

    return run


def test_maps(run, maps, tmp_path):
    out = tmp_path / 'metrics.json'
    code, text, _ = run(maps, '--threshold', '0.5', '--out', out)
    assert code == 0
    values = json.loads(out.read_text())
    # The masks of the objects have their very boxes.
    exact = [f'max_box_acc{kind}_{iou}' for kind in ('', '_v2') for iou in (30, 50)]
    assert {values[name] for name in exact} == {100}
    assert (values['gt_known_loc'], values['threshold']) == (100, 0.5)
    assert 'gt_known_loc: 100\nthreshold: 0.5\n' in text


def test_the_mean_of_maps(run, maps):
    code, text, _ = run(maps, maps)
    assert code == 0
    assert 'gt_known_loc: 100\n' in text


def test_boxes(run, boxes):
    # Of 12 classes those of the odd numbers are wrong.
    code, out, _ = run(boxes)
    assert (code, out) == (0, 'top1_loc: 50\nbox_acc: 100\n')


def test_masks_are_of_the_size_that_the_config_says(run, maps, data, tmp_path):
    # Metadata with a mask of twice the size for each test image.
    folder = data / 'metadata/large-masks'
    shutil.copytree(data / 'metadata/test-masks', folder)
    lines = []
    for line in (folder / 'localization.txt').read_text().splitlines():
        name, path, _ = line.split(',')
        mask = Image.open(data / 'masks' / path)
        mask.resize((2 * mask.width, 2 * mask.height)).save(data / f'masks/{name}.png')
        lines.append(f'{name},{name}.png,')
    (folder / 'localization.txt').write_text('\n'.join(lines))
    config = tmp_path / 'config.py'
    config.write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        "metric = dict(type='mmccam.PxAP', cam='cam', scaled_masks=True)\n"
        'test_evaluator = dict(_delete_=True, **metric)\n'
        "test_dataloader = dict(dataset=dict(split='large-masks'))\n"
    )
    code, out, _ = run(maps, config=config)
    assert code == 0
    # Only pixels on the edges of the objects are wrong.
    assert float(re.match(r'px_ap: (.*)\nPxAP_degenerate_maps: 0$', out)[1]) > 95


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['MAPS', 'no'], 'no must be a folder of maps or a .json file, and is'),
        (['MAPS', 'BOXES'], 'only folders of maps can be averaged, '),
        (['no.json'], 'no.json must be a folder of maps or a .json file, and is'),
        (['MAPS', '--side', '224'], '= (224, 224), got ('),
        (['MAPS', '--out', 'metrics.txt'], '--out must end in .json, got metrics.txt'),
        (['MAPS', '--split', 'val'], '/maps/val/target/0000.jpg.npy; name the folder'),
        (['MAPS', '--root', 'DATA'], '/maps/images/test/target/0000.jpg.npy; name the'),
        (
            ['BOXES', '--threshold', '0', '--box-rule', 'cam'],
            '--box-rule, --threshold can only be given for a folder of maps',
        ),
    ],
)
def test_user_errors(run, data, maps, boxes, args, message):
    paths = dict(DATA=data, MAPS=maps, BOXES=boxes)
    code, _, error = run(*(paths.get(arg, arg) for arg in args))
    assert code == 2
    assert message in error.splitlines()[-1]
