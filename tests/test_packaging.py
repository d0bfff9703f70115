"""What an installation without the clone has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CODE = """
import mmccam, mmpretrain
model = mmpretrain.get_model('nlccam_demo')
print(mmccam.__file__, model._config.filename, sep='\\n')
"""


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A folder with what a wheel would have."""
    folder = tmp_path_factory.mktemp('installed')
    command = [sys.executable, 'setup.py', '-q', 'build_py', '--build-lib', str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize('folder', ['configs', 'tools'])
def test_configs_and_tools_are_installed(installed, folder):
    def files(root):
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / folder).rglob('*')
            if path.is_file() and '__pycache__' not in path.parts
        }

    assert files(installed / 'mmccam/.mim') == files(ROOT)


def test_names_are_found_without_the_clone(installed, tmp_path):
    result = subprocess.run(
        [sys.executable, '-c', CODE],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )

    *_, package, config = result.stdout.splitlines()
    assert package == str(installed / 'mmccam/__init__.py')
    assert config == str(installed / 'mmccam/.mim/configs/nlccam_demo.py')
