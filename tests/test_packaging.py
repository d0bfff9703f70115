"""What an installation without the clone has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# What pip writes as the program `mmccam`.
PROGRAM = """
import sys
from importlib.metadata import distribution
(script,) = distribution('mmccam').entry_points
assert (script.group, script.name) == ('console_scripts', 'mmccam')
sys.exit(script.load()())
"""
CODE = """
import mmccam, mmpretrain
model = mmpretrain.get_model('nlccam_demo')
print(mmccam.__file__, model._config.filename, sep='\\n')
"""


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A folder with what a wheel would have."""
    folder = tmp_path_factory.mktemp('installed')
    build = ['build_py', '--build-lib', str(folder)]
    command = [sys.executable, 'setup.py', '-q', *build, 'egg_info', '--egg-base']
    subprocess.run([*command, folder], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """Run Python with the installation, in another folder."""

    def run(code, *arguments):
        return subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', code, *arguments],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': str(installed)},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize('folder', ['configs', 'tools'])
def test_configs_and_tools_are_installed(installed, folder):
    def files(root):
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / folder).rglob('*')
            if path.is_file() and '__pycache__' not in path.parts
        }

    assert files(installed / 'mmccam/.mim') == files(ROOT)


def test_names_are_found_without_the_clone(installed, run):
    *_, package, config = run(CODE).stdout.splitlines()

    assert package == str(installed / 'mmccam/__init__.py')
    assert config == str(installed / 'mmccam/.mim/configs/nlccam_demo.py')


def test_the_command_finds_tools_and_configs_without_the_clone(run):
    process = run(PROGRAM, 'check-data', 'nlccam_demo')

    assert process.returncode == 1, process.stderr
    assert 'data/demo' in process.stdout
    assert process.stdout.splitlines()[-1] == 'test: 0 images, 0 classes, 1 problems'
