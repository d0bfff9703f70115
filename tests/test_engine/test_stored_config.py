import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmccam.checkpoints.contents import stored_config, warn_if_size_differs

CONFIGS = Path(__file__).parents[2] / 'configs'


def stored(text):
    return stored_config(dict(meta=dict(cfg=text)), 'a.pth')


@pytest.mark.parametrize('name', ['nlccam_cub', 'table6/table6_cub', 'nlccam_demo'])
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
        ("model = dict(type='os.mkdir', path='run')", "type 'os.mkdir' is not taken"),
        (
            "model = dict(a=[dict(type='builtins.open')])",
            "type 'builtins.open' is not taken",
        ),
        ("model = dict(type='mmengine.dump')", "type 'mmengine.dump' is not taken"),
        ('model = dict(type=3)', 'type 3 is not taken'),
        ('model = dict(type=[1])', r'type \[1\] is not taken'),
        ("model = dict(type='this.GAPClsHead')", "type 'this.GAPClsHead' is not taken"),
        ("model = dict(_scope_='this')", "_scope_ 'this' is not taken"),
        ("data_preprocessor = dict(type='os.mkdir')", "type 'os.mkdir' is not taken"),
        (
            "model = dict(neck=[dict(type='TIMMBackbone')])",
            "'TIMMBackbone' is not taken",
        ),
        (
            "model = dict(type='mmpretrain.TimmClassifier')",
            'TimmClassifier. is not taken',
        ),
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


def sized(**step):
    pipeline = [dict(type='LoadImageFromFile'), step]
    return Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))


@pytest.mark.parametrize(
    ('step', 'warned'),
    [
        (dict(type='Resize', scale=(112, 112)), False),
        (dict(type='CenterCrop', crop_size=112), False),
        (dict(type='CenterCrop', crop_size=224), True),
        (dict(type='PackInputs'), False),
    ],
)
def test_another_size_than_in_training_is_warned_of(step, warned, monkeypatch):
    warnings = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', warnings.append)
    stored = sized(type='Resize', scale=(112, 112)).pretty_text
    warn_if_size_differs(sized(**step), dict(meta=dict(cfg=stored)), 'a.pth')
    text = 'a.pth was evaluated with images of 112 x 112 pixels .* now has 224 x 224'
    assert bool(warnings) == warned and all(re.search(text, one) for one in warnings)


def test_a_checkpoint_without_config_has_no_size_to_differ_from():
    warn_if_size_differs(sized(type='Resize', scale=1), {}, 'a.pth')
