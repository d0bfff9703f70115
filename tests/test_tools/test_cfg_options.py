"""How values of --cfg-options are read."""

import argparse

import pytest
from small_runs import ROOT


@pytest.fixture
def parse(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    from _cli import add_options

    parser = argparse.ArgumentParser()
    add_options(parser, '--cfg-options')
    return lambda *pairs: parser.parse_args(['--cfg-options', *pairs]).cfg_options


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('2', 2),
        ('1e-4', 1e-4),
        ('true', True),
        ('None', None),
        ('()', ()),
        ('224,256', (224, 256)),
        ("['a b', 1]", ['a b', 1]),
        ('', ''),
        ('/my birds, 2026/a=b', '/my birds, 2026/a=b'),
        ("'1'", '1'),
        ('(new) data', '(new) data'),
    ],
)
def test_values_are_literals_or_texts(parse, text, value):
    assert parse(f'a.b={text}') == {'a.b': value}


@pytest.mark.parametrize(
    ('pair', 'message'),
    [
        ('no', "needs key=value pairs, got 'no'"),
        ('a=[b, c]', 'texts in it need quotes'),
    ],
)
def test_what_is_no_pair_of_key_and_value_is_refused(parse, capsys, pair, message):
    with pytest.raises(SystemExit):
        parse(pair)
    assert message in capsys.readouterr().err
