from pathlib import Path

import pytest
from mmengine.config import Config

from mmccam.apis.stored_config import stored_config

CONFIGS = Path(__file__).parents[2] / 'configs'


def stored(text):
    return stored_config(dict(meta=dict(cfg=text)), 'a.pth')


@pytest.mark.parametrize('name', ['nlccam_cub', 'table6_cub', 'nlccam_demo'])
def test_the_text_of_a_config_gives_the_config(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    assert stored(cfg.pretty_text).to_dict() == cfg.to_dict()


def test_keys_that_are_no_names():
    cfg = Config(dict(model=dict(custom_keys={'head.fc': dict(lr_mult=-2.5)}), a=None))
    assert stored(cfg.pretty_text).to_dict() == cfg.to_dict()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("import os\nos.mkdir('run')", 'is not plain'),
        ("a = __import__('os').mkdir('run')", 'is not plain'),
        ("a = open('run', 'w')", 'is not plain'),
        ("a = dict(b=[dict(c=open('run', 'w'))])", 'is not plain'),
        ("a = [open('run', 'w') for _ in 'a']", 'is not plain'),
        ('f\'{open("run", "w")}\'', 'is not plain'),
        ('a = b = 1', 'is not plain'),
        ('a, b = 1, 2', 'is not plain'),
        ('a = (', 'is not plain'),
        ('a = dict(1)', 'is not plain'),
        ("filename = 'a.py'", 'is not plain'),
        (f'a = {"[" * 5000}{"]" * 5000}', 'is not plain'),
        ("model = dict(type='os.mkdir', path='run')", "'os.mkdir', which is no regis"),
        (
            "model = dict(a=[dict(type='builtins.open')])",
            "'builtins.open', which is no",
        ),
        ("model = dict(type='mmengine.dump')", "'mmengine.dump', which is no regist"),
        ('model = dict(type=3)', 'names 3, which is no registered part'),
    ],
)
def test_nothing_is_run(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f'a.pth has a config in it .*{message}'):
        stored(text)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('meta', [None, [], {}, dict(cfg=3)])
def test_a_checkpoint_without_config(meta):
    with pytest.raises(ValueError, match='a.pth has no config in it: name the config'):
        stored_config(dict(meta=meta), 'a.pth')
