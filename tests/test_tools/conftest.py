import json
import runpy
import sys
from collections import OrderedDict

import pytest
from mmpretrain.visualization import UniversalVisualizer
from small_runs import CONFIG, ROOT, Tools


@pytest.fixture
def run_here(monkeypatch, capsys):
    """Run a tool in this process; give its exit code, output and errors."""

    def run_here(tool, *arguments):
        path = ROOT / 'tools' / tool
        # Runs of one second have one name, and so one visualizer with one folder.
        monkeypatch.setattr(UniversalVisualizer, '_instance_dict', OrderedDict())
        monkeypatch.setattr(sys, 'argv', [str(part) for part in (path, *arguments)])
        monkeypatch.syspath_prepend(path.parent)  # as Python does for a script
        code = 0
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as end:
            code = end.code
        return (code, *capsys.readouterr())

    return run_here


@pytest.fixture(scope='session')
def run(tmp_path_factory):
    return Tools(tmp_path_factory.mktemp('tools'))


@pytest.fixture(scope='session')
def trained(run):
    """Train for one epoch, stop, resume for another; the log of the second run."""
    run.checked('train.py', CONFIG, options=['train_cfg.max_epochs=1'])
    options = ['train_cfg.max_epochs=2', 'train_cfg.val_interval=1']
    return run.checked('train.py', CONFIG, '--resume', options=options)


@pytest.fixture(scope='session')
def searched(run, trained):
    """Search thresholds on the split val; what was found."""
    run.checked('search_threshold.py', CONFIG, run.checkpoint)
    return json.loads(run.checkpoint.with_suffix('.thresholds.json').read_text())
