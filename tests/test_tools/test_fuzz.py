import subprocess

import fork_server
import pytest
from small_runs import ROOT


@pytest.mark.slow
def test_damaged_files_and_options_end_with_a_result_or_a_sentence():
    process = subprocess.run(
        ['python', ROOT / 'tests/fuzz.py', '--cases', '50'],
        env={**fork_server.environment(), 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout
