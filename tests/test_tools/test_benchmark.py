import json
import re
from multiprocessing.util import get_temp_dir

import pytest
import torch
from small_runs import run_tool


@pytest.mark.slow
@pytest.mark.skipif(
    torch.__version__ < (2, 2),
    reason='bfloat16 of torch 2.1 is further from float32 than the benchmark allows',
)
def test_the_benchmark_prints_ratios_and_that_all_forms_are_equal(tmp_path):
    get_temp_dir()  # of the whole run: run_tool removes those that begin in it
    # Without training step and network, which docs/performance.md has.
    names = ['block', 'maps', 'pipeline', 'localization', 'evaluation']
    names += ['search', 'released_search', 'epoch', 'localize_command']
    options = ['--batch-size', '4', '--image-side', '32', '--classes', '20']
    options += ['--images', '2', '--repeats', '1', '--step', '0.01']
    process = run_tool('benchmark.py', *names, *options, '--json', tmp_path / 'b.json')
    assert process.returncode == 0, process.stdout

    parts = json.loads((tmp_path / 'b.json').read_text())['parts']
    assert list(parts) == names
    for rows in parts.values():
        assert all(row['equal'] for row in rows)
        for row in rows[1:]:  # the first is the plain form
            line = rf'{row["form"]} .* {row["ratio"]:.3g} '
            assert re.search(line, process.stdout)
    for name in ('block', 'epoch', 'localize_command'):
        assert all(row['megabytes'] > 0 for row in parts[name])
    assert parts['epoch'][1]['parts']['network'] > 0
    assert re.search('Seconds of mmccam: .*network ', process.stdout)
