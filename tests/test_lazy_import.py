"""What `import mmccam` does in a process of its own, in any order of imports."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

CHECK = """
from mmengine.registry import MODELS
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain import list_models
loader = CheckpointLoader._schemes['']
assert loader.func.__module__ == 'mmccam.checkpoints.loading', loader
assert 'nlccam_cub' in list_models()
assert MODELS.get('mmccam.NonLocalVGG').__name__ == 'NonLocalVGG'
"""
LIGHT = """
import sys, mmccam
others = 'cv2 mmcv mmengine mmpretrain numpy torch'.split()
assert not [name for name in others if name in sys.modules]
"""


def run(code):
    command = [sys.executable, '-W', 'ignore', '-c', code]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    'first',
    [
        'import mmccam, mmpretrain',
        'import mmccam, mmcv, mmengine.runner',
        'import mmpretrain, mmccam',
        'from mmccam.checkpoints import loading',
    ],
)
def test_loading_is_restricted_and_parts_are_found(first):
    run(first + CHECK)


def test_nothing_else_is_imported():
    run(LIGHT)
