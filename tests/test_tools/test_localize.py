import json
import re

import pytest
from small_runs import CONFIG

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


@pytest.fixture
def text(tmp_path):
    (tmp_path / 'text.jpg').write_text('no image')
    return tmp_path / 'text.jpg'


def test_boxes_are_those_of_the_evaluation(localize, run, evaluated):
    truth = json.loads((evaluated.folder / 'ccam.gt.json').read_text())
    names = {image['id']: image['file_name'] for image in truth['images']}
    expected = {
        names[box['image_id']]: (box['category_id'], box['bbox'])
        for box in json.loads((evaluated.folder / 'ccam.json').read_text())
    }

    folder = run.data / 'images/test'
    code, out, _, results = localize(folder, '--thresholds')
    assert code == 0
    assert '\nand 2 more, all of them in ' in out
    assert '12 images localized, 0 skipped' in out
    found = {}
    for result in results:
        (prediction,) = result['predictions']
        x0, y0, x1, y1 = prediction['box']
        name = result['img_path'].removeprefix(f'{folder.parent}/')
        found[name] = (prediction['label'], [x0, y0, x1 - x0 + 1, y1 - y0 + 1])
    assert found == expected


def test_searched_thresholds_and_the_config_of_the_user(localize, image, searched):
    best = searched['thresholds']['cam'][0]
    rule = ('--box-rule', best['box_rule'], '--threshold', best['threshold'])
    options = (image, '--cam', 'cam', '--num-guesses', 2, '--no-pictures')
    by_hand = localize(*options, '--config', CONFIG, *rule)[3]
    assert len(by_hand[0]['predictions']) == 2
    assert localize(*options, '--thresholds')[3] == by_hand


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ([], 'cannot read the image .*text.jpg: .* no known format'),
        (['--config', 'none.py'], 'none.py'),
        (['--size', 1, '--skip-unreadable'], 'localize.py: .*size'),
        (['--thresholds', 'none.json'], 'no file none.json: thresholds are'),
    ],
)
def test_bad_input_ends_in_one_sentence(localize, image, text, options, message):
    code, _, err, _ = localize(text, image, *options)
    assert code == 2
    *_, line = [line for line in err.splitlines() if line.startswith('localize.py: ')]
    assert err.endswith(f'{line}\n')
    assert re.search(message, line), line


def test_unreadable_images_are_passed_over_on_request(localize, image, text, tmp_path):
    options = ('--skip-unreadable', '--no-pictures')
    code, out, _, results = localize(text, image, *options)
    assert code == 0
    assert '1 image localized, 1 skipped' in out
    assert ['error' in result for result in results] == [True, False]
    assert not (tmp_path / 'out/pictures').exists()
