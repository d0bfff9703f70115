"""The cells of the example are run, one after the other."""

import json

import pytest
from pages import ROOT


@pytest.mark.slow
def test_the_example_runs(monkeypatch):
    pytest.importorskip('efficientnet_lite_pytorch')
    monkeypatch.chdir(ROOT / 'docs')
    cells = json.loads((ROOT / 'docs/example.ipynb').read_text())['cells']
    names = {}
    for cell in cells:
        if cell['cell_type'] == 'code':
            assert cell['outputs'] == []
            exec(''.join(cell['source']), names)
    assert names['cam']['class_name'] == 'Egyptian cat'
    # Three panels as wide as the photograph, and two gaps.
    assert names['picture'].width == 3 * names['photo'].width + 2 * 8
