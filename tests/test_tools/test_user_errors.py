"""How tools end when a process that loads data is killed."""

import os
import signal

import pytest
from small_runs import ROOT
from torch.utils.data import DataLoader


class Killed(list):
    """A data set of one sample, at which a process is killed."""

    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_data_worker_is_one_sentence(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    from _cli import user_errors

    with pytest.raises(SystemExit) as end, user_errors():
        next(iter(DataLoader(Killed([0]), num_workers=1)))
    assert end.value.code == 2
    assert 'DataLoader worker (pid' in capsys.readouterr().err.splitlines()[-1]


def test_our_own_errors_keep_their_traceback(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    from _cli import user_errors

    with pytest.raises(RuntimeError, match='ours'), user_errors():
        raise RuntimeError('ours')
