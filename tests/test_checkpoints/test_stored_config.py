import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmccam.checkpoints.contents import stored_config, warn_if_size_differs

CONFIG = Path(__file__).parents[2] / 'configs/nlccam_cub.py'
ODD_KEYS = dict(model=dict(custom_keys={'head.fc': dict(lr_mult=-2.5)}), a=None)


def stored(text):
    return stored_config(dict(meta=dict(cfg=text)), 'a.pth')


@pytest.mark.parametrize('cfg', [Config.fromfile(CONFIG), Config(ODD_KEYS)])
def test_the_text_of_a_config_gives_the_config(cfg):
    assert stored(cfg.pretty_text).to_dict() == cfg.to_dict()


@pytest.mark.parametrize(
    'text',
    [
        "import os\nos.mkdir('run')",
        "a = open('run', 'w')",
        "a = dict(b=[dict(c=open('run', 'w'))])",
        "a = [open('run', 'w') for _ in 'a']",
        'f\'{open("run", "w")}\'',
        'a = b = 1',
        'a, b = 1, 2',
        'a = (',
        "filename = 'a.py'",
        f'a = {"[" * 5000}{"]" * 5000}',
    ],
    ids=lambda text: text[:30],
)
def test_what_is_not_plain_is_not_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='a.pth has a config in it that is not plain'):
        stored(text)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('text', 'part'),
    [
        ("model = dict(type='os.mkdir', path='run')", "type 'os.mkdir'"),
        ("model = dict(a=[dict(type='mmengine.dump')])", "type 'mmengine.dump'"),
        ('model = dict(type=[1])', 'type [1]'),
        ("model = dict(type='this.GAPClsHead')", "type 'this.GAPClsHead'"),
        ("model = dict(_scope_='this')", "_scope_ 'this'"),
        ("data_preprocessor = dict(type='os.mkdir')", "type 'os.mkdir'"),
        ("model = dict(neck=[dict(type='TIMMBackbone')])", "type 'TIMMBackbone'"),
        ("model = dict(type='mmpretrain.TimmClassifier')", "type 'mmpretrain.Timm"),
    ],
)
def test_other_parts_are_not_built(text, part):
    message = f'^a.pth has a config in it whose {re.escape(part)}.* is not allowed: '
    with pytest.raises(ValueError, match=message):
        stored(text)


@pytest.mark.parametrize('meta', [None, [], {}, dict(cfg=3)])
def test_a_checkpoint_without_config(meta):
    with pytest.raises(ValueError, match='a.pth has no config in it: name the config'):
        stored_config(dict(meta=meta), 'a.pth')


def sized(**step):
    pipeline = [dict(type='LoadImageFromFile'), step]
    return Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))


SMALL = sized(scale=(112, 112)).pretty_text


@pytest.mark.parametrize(
    ('text', 'step', 'warned'),
    [
        (SMALL, dict(scale=(112, 112)), False),
        (SMALL, dict(crop_size=112), False),
        (SMALL, dict(crop_size=224), True),
        (SMALL, {}, False),
        (None, dict(scale=1), False),
    ],
)
def test_another_size_than_in_training_is_warned_of(text, step, warned, monkeypatch):
    warnings = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', warnings.append)
    warn_if_size_differs(sized(**step), dict(meta=dict(cfg=text)), 'a.pth')
    text = 'a.pth was evaluated with images of 112 x 112 pixels .* now has 224 x 224'
    assert bool(warnings) == warned and all(re.search(text, one) for one in warnings)
