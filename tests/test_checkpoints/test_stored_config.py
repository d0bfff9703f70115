import re
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmpretrain.registry import MODELS

from mmccam.apis.config import read_config
from mmccam.checkpoints.contents import stored_config, warn_if_size_differs

ROOT = Path(__file__).parents[2] / 'configs'
# Without those of other toolboxes, those that need a folder of the user's, and networks
# that are also there for CUB.
OTHERS = ('_base_', 'downstream', 'custom', 'ilsvrc', 'openimages30k')
CONFIGS = [
    str(path.relative_to(ROOT))
    for path in ROOT.rglob('*.py')
    if not any(word in str(path) for word in OTHERS)
] + ['saliency/saliency_vgg16_ilsvrc.py']
CUB = 'nlccam_cub.py'
ODD_KEYS = dict(model=dict(custom_keys={'head.fc': dict(lr_mult=-2.5)}), a=None)


def stored(text):
    return stored_config(dict(meta=dict(cfg=text)), 'a.pth')


@pytest.mark.parametrize('cfg', [Config.fromfile(ROOT / CUB), Config(ODD_KEYS)])
def test_the_text_of_a_config_gives_the_config(cfg):
    found = stored(cfg.pretty_text)
    assert found.to_dict() == without_init_cfg(cfg.to_dict())


@pytest.mark.parametrize('name', CONFIGS)
def test_the_network_of_each_config_is_allowed(name):
    cfg = read_config(ROOT / name)
    found = stored(f'model = {cfg.model.to_dict()!r}')
    expected = without_init_cfg(cfg.model)
    expected.pop('train_cfg', None)
    assert found.model == expected


def without_init_cfg(part):
    """Omit how weights were initialized: a checkpoint has others."""
    if isinstance(part, dict):
        keys = part.keys() - {'init_cfg'}
        return {key: without_init_cfg(part[key]) for key in keys}
    return [*map(without_init_cfg, part)] if isinstance(part, list) else part


@pytest.mark.parametrize('kind', ['CutMix', 'mmccam.HideAndSeek', 'AutoNetwork'])
def test_what_only_mixes_images_of_training_is_omitted(kind):
    augments = f"dict(augments=[dict(type='{kind}')], probs=[1.0])"
    text = f"model = dict(type='ImageClassifier', train_cfg={augments})"
    assert stored(text).model == dict(type='ImageClassifier')
    text = f'data_preprocessor = dict(num_classes=2, batch_augments={augments})'
    assert stored(text).data_preprocessor == dict(num_classes=2)


def test_addresses_of_initial_weights_are_omitted():
    fetched = "init_cfg=[dict(type='Pretrained', checkpoint='http://a')]"
    text = (
        f"model = dict(pretrained='http://a', neck=[dict({fetched}, b=1)], {fetched})"
    )
    assert stored(text).model == dict(neck=[dict(b=1)])


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


@MODELS.register_module()
class AutoNetwork:
    """A part that could run code, as transformers' are; mmpretrain registers those."""

    def __init__(self, **kwargs):
        raise AssertionError('it ran')


RUNS = "dict(type='AutoNetwork', name_or_path='a', trust_remote_code=True)"


@pytest.mark.parametrize(
    'text',
    [
        f'model = {RUNS}',
        f'model = dict(neck=[{RUNS}])',
        f'model = dict(head=dict(loss=((1, {RUNS}),)))',
        f'model = {{(1, 2): {RUNS}}}',
        f'model = dict(data_preprocessor={RUNS})',
        f'data_preprocessor = {RUNS}',
    ],
)
def test_parts_that_run_code_are_refused_wherever_they_are(text):
    with pytest.raises(ValueError, match="type 'AutoNetwork' is not allowed: name the"):
        stored(text)


@pytest.mark.parametrize(
    'kind',
    [
        *('AutoModelForCausalLM', 'CLIPGenerator', 'RAMNormal', 'TIMMBackbone'),
        *('mmpretrain.TimmClassifier', 'mmpretrain.AutoNetwork', 'mmdet.ResNet'),
        *('os.mkdir', 'mmengine.dump', 'Linear', 'Pretrained', 'torch.nn.ReLU'),
        *('this.GAPClsHead', 'mmccam.models.GAPClsHead', '', None, ['VGG'], b'VGG'),
    ],
)
def test_only_listed_parts_are_built(kind):
    message = f'a.pth has a config in it whose type {str(kind)!r} is not allowed: '
    with pytest.raises(ValueError, match=re.escape(message)):
        stored(f'model = dict(type={kind!r})')


@pytest.mark.parametrize(
    'part',
    [
        *('http://a', 'a/b', '~', 'C:', '\\\\a', '/', b's3://a'),
        *(['a/b'], ('a/b',), {'a/b'}, {'a/b': 1}, {'a': {'a/b'}}),
    ],
    ids=str,
)
def test_no_argument_is_an_address_or_a_path(part):
    with pytest.raises(ValueError, match=' is an address or a path: name the config'):
        stored(f'model = dict(type="VGG", depth=[{part!r}])')


OWN = """
model = dict(type='ImageClassifier', head=dict(type='mmccam.UsersHead', file='a/b'))
custom_imports = dict(imports=['mmccam', 'own_head'])
"""


def test_parts_of_the_users_own_need_trust(tmp_path, monkeypatch):
    (tmp_path / 'own_head.py').write_text('imported = True')
    monkeypatch.syspath_prepend(tmp_path)
    message = "'mmccam.UsersHead' is not allowed: .* --trust-.*, which imports its own"
    with pytest.raises(ValueError, match=message):
        stored(OWN)
    assert 'own_head' not in sys.modules

    found = stored_config(dict(meta=dict(cfg=OWN)), 'a.pth', trusted=True)
    assert sys.modules.pop('own_head').imported
    assert found.model.head == dict(type='mmccam.UsersHead', file='a/b')


def test_other_scopes_are_refused():
    with pytest.raises(ValueError, match="whose _scope_ 'this' is not allowed: name"):
        stored("model = dict(_scope_='this', type='VGG')")


@pytest.mark.parametrize('meta', [{}, dict(cfg=3)])
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
