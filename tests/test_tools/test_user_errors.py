"""How tools end with an error, and where its traceback is."""

import os
import re
import signal
from pathlib import Path

import pytest
from mmengine.logging import MMLogger
from small_runs import ROOT
from torch.utils.data import DataLoader


class Killed(list):
    """A data set of one sample, at which a process is killed."""

    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def cli(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    import _cli

    return _cli


@pytest.fixture
def log_file(monkeypatch, tmp_path):
    """The log file of a run."""
    path = tmp_path / 'run.log'
    logger = MMLogger('run', log_file=str(path))
    monkeypatch.setattr(MMLogger, 'get_current_instance', lambda: logger)
    return path


def test_a_killed_data_worker_is_one_sentence(cli, capsys):
    with pytest.raises(SystemExit) as end, cli.user_errors():
        next(iter(DataLoader(Killed([0]), num_workers=1)))
    assert end.value.code == 2
    assert 'DataLoader worker (pid' in capsys.readouterr().err.splitlines()[-1]


def test_the_log_file_is_named_above_the_sentence(cli, log_file, capsys):
    with pytest.raises(SystemExit), cli.user_errors():
        raise ValueError('wrong')
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith(f': the traceback is in {log_file}')
    assert lines[1].endswith(': wrong')
    assert "raise ValueError('wrong')" in log_file.read_text()


def test_a_wrong_part_before_there_is_a_log_file_has_a_file(cli, capsys):
    with pytest.raises(SystemExit), cli.user_errors(TypeError):
        raise TypeError('wrong')
    (path,) = re.findall('traceback is in (.*)\n', capsys.readouterr().err)
    assert "raise TypeError('wrong')" in Path(path).read_text()
    Path(path).unlink()


def test_other_errors_keep_their_traceback(cli, log_file, capsys):
    with pytest.raises(RuntimeError, match='ours'), cli.user_errors():
        raise RuntimeError('ours')
    assert str(log_file) in capsys.readouterr().err
    assert "raise RuntimeError('ours')" in log_file.read_text()
