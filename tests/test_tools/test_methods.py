"""A network that was trained by several methods works in each tool."""

import json

import pytest
from small_runs import CONFIG

pytestmark = pytest.mark.slow

METHODS = f"""
_base_ = {str(CONFIG)!r}
augments = [
    dict(type='mmccam.HideAndSeek', grid=(0, 16)),
    dict(type='CutMix', alpha=1.0),
    dict(type='Mixup', alpha=1.0),
]
model = dict(
    backbone=dict(adl=dict(layers=('features.2', 'non_local_blocks.2'))),
    train_cfg=dict(augments=augments, probs=[0.5, 0.25, 0.25]),
)
train_cfg = dict(max_epochs=1, val_interval=1)
"""


@pytest.fixture(scope='module')
def trained_by_methods(run):
    """Train for an epoch; config and checkpoint."""
    config = run.folder / 'methods.py'
    config.write_text(METHODS)
    run.checked('train.py', config, work_dir='methods')
    return config, run.folder / 'methods/epoch_1.pth'


def test_images_are_localized_by_the_config_in_the_checkpoint(
    run, run_here, trained_by_methods, tmp_path
):
    image = next(run.data.rglob('*.jpg'))
    options = ('--checkpoint', trained_by_methods[1], '--out-dir', tmp_path)
    code, _, errors = run_here('localize.py', image, *options, '--no-pictures')
    assert code == 0, errors
    assert len(json.loads((tmp_path / 'predictions.json').read_text())) == 1


def test_thresholds_are_searched_and_used(run, trained_by_methods, tmp_path):
    run.checked('search_threshold.py', *trained_by_methods)
    out = tmp_path / 'results.json'
    run.checked('test.py', *trained_by_methods, '--thresholds', '--out', out)
    assert json.loads(out.read_text())['boxes']['ccam']['chosen_on'] == 'val'
