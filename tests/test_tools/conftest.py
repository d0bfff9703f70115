import csv
import json
from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger
from small_runs import CONFIG, Tools, run_tool


@pytest.fixture
def run_here():
    """Run a tool in this process; its exit code, what it prints, and its errors."""

    def run_here(*arguments):
        # The tests' logger, which is quiet, and has no part in what is printed.
        process = run_tool(*arguments, loggers=MMLogger._instance_dict)
        return process.returncode, process.stdout, process.stderr

    return run_here


@pytest.fixture
def make_tables(run_here, tmp_path):
    """Make tables of results: exit code, what is printed, errors, and the CSV."""

    def make_tables(*results, more=()):
        files = [tmp_path / f'{number}.json' for number in range(len(results))]
        for file, one in zip(files, results):
            file.write_text(json.dumps(one))
        out = tmp_path / 'tables.csv'
        code, text, errors = run_here('make_tables.py', *files, '--out', out, *more)
        lines = [*csv.DictReader(out.open())] if code == 0 else []
        return code, text, errors, lines

    return make_tables


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


@pytest.fixture(scope='session')
def evaluated(run, searched):
    """Evaluate with them, all that can be written included; folder, results and log."""
    folder = run.folder / 'evaluated'
    names = ('json', 'md', 'txt', 'html', 'png')
    outs = [folder / f'results.{suffix}' for suffix in names]
    dumps = ('--dump-maps', folder, '--dump-boxes', folder)
    options = ('--thresholds', '--out', *outs, *dumps)
    log = run.checked('test.py', CONFIG, run.checkpoint, *options)
    results = json.loads(outs[0].read_text())
    return SimpleNamespace(folder=folder, results=results, log=log)
