import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import CONFIG

from mmccam.checkpoints.allowed import load_restricted


@pytest.fixture
def localize(run_here, run, trained, tmp_path):
    """Localize with the trained checkpoint; exit code, output, errors, results."""

    def localize(*arguments, checkpoint=run.checkpoint):
        code, out, err = run_here(
            'localize.py',
            *arguments,
            *('--checkpoint', checkpoint, '--out-dir', tmp_path / 'out'),
        )
        file = tmp_path / 'out/predictions.json'
        return code, out, err, json.loads(file.read_text()) if not code else None

    return localize


@pytest.fixture(scope='session')
def boxes(run, trained, tmp_path_factory):
    """The boxes of test.py for the most probable classes, by images."""
    folder = tmp_path_factory.mktemp('boxes')
    run.checked('test.py', CONFIG, run.checkpoint, '--dump-boxes', folder)
    truth = json.loads((folder / 'ccam.gt.json').read_text())
    names = {image['id']: image['file_name'] for image in truth['images']}
    return {
        names[box['image_id']]: (box['category_id'], box['bbox'])
        for box in json.loads((folder / 'ccam.json').read_text())
    }


def test_boxes_are_those_of_the_evaluation(localize, run, boxes):
    folder = run.data / 'images/test'
    code, out, _, results = localize(folder)
    assert code == 0
    assert '12 images localized, 0 skipped' in out
    found = {}
    for result in results:
        (prediction,) = result['predictions']
        x0, y0, x1, y1 = prediction['box']
        name = result['img_path'].removeprefix(f'{folder.parent}/')
        bbox = [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
        found[name] = (prediction['label'], bbox)
    assert found == boxes


def test_the_config_of_the_user(localize, run):
    image = next((run.data / 'images/test').rglob('*.jpg'))
    code, _, _, (result,) = localize(image, '--config', CONFIG, '--num-guesses', 2)
    assert code == 0
    assert len(result['predictions']) == 2


def test_searched_thresholds(localize, run, searched):
    image = next((run.data / 'images/test').rglob('*.jpg'))
    best = searched['thresholds']['cam'][0]
    rule = ('--box-rule', best['box_rule'], '--threshold', best['threshold'])
    by_hand = localize(image, '--cam', 'cam', *rule)[3]
    assert localize(image, '--cam', 'cam', '--thresholds')[3] == by_hand


@pytest.fixture
def bad(tmp_path, run, trained):
    """Things that are not what they should be."""
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'text.jpg').write_text('no image')
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / 'good.png')
    loaded = load_restricted(run.checkpoint)
    torch.save(dict(state_dict=loaded['state_dict']), tmp_path / 'weights.pth')
    loaded['state_dict'].pop('head.fc.bias')
    torch.save(loaded, tmp_path / 'other.pth')
    return tmp_path


OF_12 = ['--cfg-options', 'model.head.num_classes=12', 'model.head.in_channels=9']
OF_5 = ['--cfg-options', 'model.head.num_classes=5']


@pytest.mark.parametrize(
    ('images', 'checkpoint', 'options', 'message'),
    [
        ('none.jpg', None, [], 'there is no image or folder .*none.jpg'),
        ('*.tiff', None, [], r'there is no file of the pattern .*\*.tiff'),
        ('empty', None, [], 'the folder .*empty has no image'),
        ('text.jpg', None, [], 'cannot read the image .*text.jpg: .* no known format'),
        ('good.png', 'none.pth', [], 'there is no checkpoint .*none.pth'),
        ('good.png', 'text.jpg', [], 'text.jpg is no checkpoint of torch'),
        ('good.png', 'weights.pth', [], 'weights.pth has no config in it: name the co'),
        ('good.png', 'other.pth', [], 'other.pth does not match the config'),
        ('good.png', None, OF_5, 'it has 12 classes, the config 5'),
        ('good.png', None, OF_12, r'has the shape \(12, 512\), not \(12, 9\)'),
        ('good.png', None, ['--config', 'none.py'], 'none.py'),
        ('good.png', None, ['--config', 'no_name'], 'Failed to find model "no_name"'),
        ('good.png', None, ['--cam', 'no'], 'the head makes no map "no"'),
        ('good.png', None, ['--device', 'no'], 'the device no cannot be used'),
        ('good.png', None, ['--size', 3], 'localize.py: .*size'),
        ('good.png', None, ['--cfg-options', 'no'], "key=value pairs, got 'no'"),
        ('good.png', None, ['--thresholds', 'none.json'], 'no file of thresholds none'),
    ],
)
def test_bad_input_ends_in_one_sentence(
    localize, bad, images, checkpoint, options, message
):
    kwargs = {} if checkpoint is None else dict(checkpoint=bad / checkpoint)
    code, _, err, _ = localize(bad / images, *options, **kwargs)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith('localize.py: ')]
    assert err.endswith(f'{line}\n')
    assert re.search(message, line), line


def test_unreadable_images_are_passed_over_on_request(localize, bad):
    code, out, _, results = localize(
        bad / 'text.jpg', bad / 'good.png', '--skip-unreadable', '--no-pictures'
    )
    assert code == 0
    assert '1 images localized, 1 skipped' in out
    assert [list(result) for result in results] == [
        ['img_path', 'error'],
        ['img_path', 'width', 'height', 'predictions'],
    ]
    assert not (bad / 'out/pictures').exists()
