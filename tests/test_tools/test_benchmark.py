import json
import re

import pytest
import torch
from small_runs import run_tool


@pytest.mark.slow
@pytest.mark.skipif(
    torch.__version__ < (2, 2),
    reason='bfloat16 of torch 2.1 is further from float32 than the benchmark allows',
)
def test_the_benchmark_prints_ratios_and_that_all_forms_are_equal(tmp_path):
    options = ['--batch-size', '2', '--image-side', '64', '--classes', '20']
    options += ['--images', '2', '--repeats', '1', '--step', '0.01']
    process = run_tool('benchmark.py', *options, '--json', tmp_path / 'b.json')
    assert process.returncode == 0, process.stderr

    parts = json.loads((tmp_path / 'b.json').read_text())['parts']
    names = ['block', 'maps', 'step', 'pipeline', 'localization', 'evaluation']
    assert list(parts) == names
    for rows in parts.values():
        assert all(row['equal'] for row in rows)
        for row in rows[1:]:  # of the plain form there is no ratio
            line = rf'{row["form"]} .* {row["ratio"]:.3g} '
            assert re.search(line, process.stdout)
    assert parts['step'][1]['megabytes'] > 0
