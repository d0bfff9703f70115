"""What answers at once: help, and options that are wrong."""

import json
import subprocess
import sys

import pytest
from small_runs import ROOT

pytestmark = pytest.mark.slow
TOOLS = sorted(path.name for path in (ROOT / 'tools').glob('[!_]*.py'))
CODE = """
import contextlib, io, json, runpy, sys
slow, found = {'cv2', 'mmcv', 'mmengine', 'mmpretrain', 'numpy', 'torch'}, {}
folder, *tools = sys.argv[1:]
sys.path.insert(0, folder)
for tool in tools:
    sys.argv = [tool, '--help']
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(f'{folder}/{tool}', run_name='__main__')
    found[tool] = sorted(slow & set(sys.modules))
print(json.dumps(found))
"""


@pytest.fixture(scope='module')
def imported():
    """What is slow and imported after the help of each tool, in one process."""
    command = [sys.executable, '-c', CODE, str(ROOT / 'tools'), *TOOLS]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(process.stdout)


@pytest.mark.parametrize('tool', TOOLS)
def test_help_imports_nothing_slow(imported, tool):
    assert imported[tool] == []
