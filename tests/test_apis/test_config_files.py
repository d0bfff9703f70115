from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmpretrain.models import ImageClassifier
from torch import nn

from mmccam.apis.config import RUN_KEYS, read_config
from mmccam.apis.config_files import find_config, with_texts
from mmccam.models import GAPClsHead
from mmccam.models.hide_and_seek import HideAndSeek
from mmccam.registry import FUNCTIONS

ROOT = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize(
    ('name', 'path'),
    [
        ('nlccam_cub', 'nlccam_cub.py'),
        # In no hub, since its number of classes is that of the user's images.
        ('nlccam_custom', 'nlccam_custom.py'),
        ('plain_vgg16_cub', 'plain/plain_vgg16_cub.py'),
        # Of an earlier version.
        ('vggccam_ilsvrc', 'plain/plain_vgg16_ilsvrc.py'),
        (ROOT / 'nlccam_cub.py', 'nlccam_cub.py'),
    ],
)
def test_a_config_is_found_by_its_name_or_path(name, path):
    assert find_config(name).samefile(ROOT / path)


def test_a_file_prevails_over_a_name_and_a_name_over_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('nlccam_cub').mkdir()
    Path('nlccam_demo').write_text('')
    assert find_config('nlccam_cub').samefile(ROOT / 'nlccam_cub.py')
    assert find_config('nlccam_demo') == Path('nlccam_demo')


@pytest.mark.parametrize('name', ['nlccam_cup', 'configs/nlccam_cup.py'])
def test_an_unknown_name_is_an_error_with_the_nearest(name):
    message = f'there is no config {name}, .* the nearest names are nlccam_cub,'
    with pytest.raises(FileNotFoundError, match=message):
        find_config(name)


def without_scopes(part):
    """A part of a config without what mmengine adds to parts of other projects."""
    if isinstance(part, dict):
        return {k: without_scopes(v) for k, v in part.items() if k != '_scope_'}
    return [*map(without_scopes, part)] if isinstance(part, (list, tuple)) else part


@pytest.mark.parametrize(
    ('new', 'old'),
    [
        ('nlccam_vgg16_cub_lazy', 'nlccam_cub'),
        ('nlccam_vgg11_demo_lazy', 'nlccam_demo'),
    ],
)
def test_a_config_of_the_new_style_is_read_as_that_of_the_old_style(new, old):
    new, old = (
        {key: without_scopes(value) for key, value in read_config(name).items()}
        for name in (new, old)
    )
    assert {k: new[k] for k in new if k in RUN_KEYS} == {
        k: old[k] for k in old if k in RUN_KEYS
    }


class Unregistered(GAPClsHead):
    pass


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        (GAPClsHead, 'mmccam.GAPClsHead'),
        (HideAndSeek, 'mmccam.HideAndSeek'),
        (ImageClassifier, 'ImageClassifier'),
        (nn.BatchNorm2d, 'BN'),
        (default_collate, 'default_collate'),
        (FUNCTIONS.get('largest_component'), 'mmccam.largest_component'),
        (Unregistered, f'{__name__}.Unregistered'),
        ('mmccam.GAPClsHead', 'mmccam.GAPClsHead'),
    ],
)
def test_a_class_is_named_as_in_its_registry(kind, text):
    part = dict(type=kind, other=Path)
    cfg = Config(dict(default_scope='mmpretrain', model=[dict(part=part)]))
    assert with_texts(cfg).model[0].part == dict(type=text, other=Path)
    assert cfg.model[0].part.type is kind
