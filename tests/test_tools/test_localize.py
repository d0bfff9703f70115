import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from small_runs import CONFIG, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def localize(run_here, run, trained, tmp_path):
    """Localize with the trained checkpoint; exit code, output, errors, results."""

    def localize(*arguments):
        options = ('--checkpoint', run.checkpoint, '--out-dir', tmp_path / 'out')
        code, out, err = run_here('localize.py', *options, *arguments)
        file = tmp_path / 'out/predictions.json'
        return code, out, err, json.loads(file.read_text()) if not code else None

    return localize


@pytest.fixture
def image(run):
    return next((run.data / 'images/test').rglob('*.jpg'))


def test_boxes_are_those_of_the_evaluation(localize, run, trained, tmp_path):
    run.checked('test.py', CONFIG, run.checkpoint, '--dump-boxes', tmp_path)
    truth = json.loads((tmp_path / 'ccam.gt.json').read_text())
    names = {image['id']: image['file_name'] for image in truth['images']}
    expected = {
        names[box['image_id']]: (box['category_id'], box['bbox'])
        for box in json.loads((tmp_path / 'ccam.json').read_text())
    }

    folder = run.data / 'images/test'
    code, out, _, results = localize(folder)
    assert code == 0
    assert '12 images localized, 0 skipped' in out
    found = {}
    for result in results:
        (prediction,) = result['predictions']
        x0, y0, x1, y1 = prediction['box']
        name = result['img_path'].removeprefix(f'{folder.parent}/')
        found[name] = (prediction['label'], [x0, y0, x1 - x0 + 1, y1 - y0 + 1])
    assert found == expected


def test_the_config_of_the_user(localize, image):
    result = localize(image, '--config', CONFIG, '--num-guesses', 2)[3][0]
    assert len(result['predictions']) == 2


def test_searched_thresholds(localize, image, searched):
    best = searched['thresholds']['cam'][0]
    rule = ('--box-rule', best['box_rule'], '--threshold', best['threshold'])
    by_hand = localize(image, '--cam', 'cam', *rule)[3]
    assert localize(image, '--cam', 'cam', '--thresholds')[3] == by_hand


@pytest.fixture
def bad(tmp_path):
    """A file that is no image, and one that is."""
    (tmp_path / 'text.jpg').write_text('no image')
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / 'good.png')
    return tmp_path


OF_5 = ['--cfg-options', 'model.head.num_classes=5']


@pytest.mark.parametrize(
    ('name', 'options', 'message'),
    [
        ('none.jpg', [], 'there is no image or folder .*none.jpg'),
        ('text.jpg', [], 'cannot read the image .*text.jpg: .* no known format'),
        ('good.png', ['--checkpoint', 'none.pth'], 'there is no checkpoint none.pth'),
        ('good.png', OF_5, 'it has 12 classes, the config 5'),
        ('good.png', ['--config', 'none.py'], 'none.py'),
        ('good.png', ['--size', 3], 'localize.py: .*size'),
        ('good.png', ['--cfg-options', 'no'], "key=value pairs, got 'no'"),
        ('good.png', ['--thresholds', 'none.json'], 'no file of thresholds none'),
    ],
)
def test_bad_input_ends_in_one_sentence(localize, bad, name, options, message):
    code, _, err, _ = localize(bad / name, *options)
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
    assert ['error' in result for result in results] == [True, False]
    assert not (bad / 'out/pictures').exists()


@pytest.mark.parametrize('tool', ['localize.py', 'draw_figures.py'])
def test_tools_start_as_scripts(tool):
    command = [sys.executable, ROOT / 'tools' / tool, '--help']
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0
    assert '--trust-checkpoint' in process.stdout
