"""The command `mmccam`."""

import sys
from pathlib import Path

import pytest

from mmccam.__main__ import TOOLS, main

ROOT = Path(__file__).parents[1]


@pytest.fixture
def mmccam(monkeypatch, capsys):
    """Run the command, which must end with a code; code, output and errors."""

    def mmccam(*arguments):
        monkeypatch.setattr(sys, 'argv', ['mmccam', *arguments])
        monkeypatch.setattr(sys, 'path', [*sys.path])
        monkeypatch.setitem(sys.modules, '__main__', sys.modules['__main__'])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return mmccam


def test_each_tool_is_a_subcommand_with_a_line_of_help(mmccam):
    assert {*TOOLS.values()} == {p.name for p in (ROOT / 'tools').glob('[!_]*.py')}
    code, text, _ = mmccam('--help')
    assert code == 0
    lines = text.partition('commands:\n')[2].splitlines()
    assert [line.split()[0] for line in lines] == [*TOOLS]
    assert lines[2] == (
        '  test          Evaluate a trained model, and draw some of its boxes.'
    )


def test_without_a_command_they_are_listed(mmccam):
    code, _, errors = mmccam()
    assert code == 2
    assert errors == mmccam('--help')[1]


def test_usage_and_errors_name_the_command(mmccam):
    assert mmccam('eval-maps', '--help')[1].startswith('usage: mmccam eval-maps [-h]')
    code, _, errors = mmccam('tables', 'none.json')
    assert (code, errors) == (2, 'mmccam tables: there is no file none.json\n')


def test_a_wrong_command_is_refused(mmccam):
    code, _, errors = mmccam('trian')
    assert code == 2
    assert "invalid choice: 'trian' (choose from" in errors
