import subprocess
import sys

import pytest
from small_runs import ROOT


@pytest.mark.slow
def test_damaged_files_and_options_end_with_a_result_or_a_sentence():
    command = [sys.executable, ROOT / 'tests/fuzz.py', '--cases', '50']
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout
