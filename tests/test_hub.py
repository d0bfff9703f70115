"""The configs by their names."""

from pathlib import Path
from unittest.mock import Mock

import mmpretrain
import pytest
from mmengine.logging import MMLogger
from mmpretrain.apis import ModelHub
from modelindex.load_model_index import load
from our_configs import FORMER, NAMES

import mmccam
from mmccam._on_import import register_configs

ROOT = Path(__file__).parents[1]


@pytest.fixture
def index():
    index = load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    return index


def test_the_index_is_valid(index):
    assert index.check(silent=True) == []
    assert {model.in_collection for model in index.models} == {
        collection.name for collection in index.collections
    }


def test_each_main_config_has_its_name(index):
    # Neither the tables, nor what needs a folder of the user's or another toolbox, nor
    # the former names.
    others = ['_base_', 'downstream', 'table', 'custom', 'demo_masks', 'resnet18']
    names = {n for n in NAMES if not any(word in n for word in others)} - set(FORMER)
    main = {f'configs/{name}.py' for name in names}

    assert {model.config for model in index.models} == main
    assert all(model.name == Path(model.config).stem for model in index.models)


def test_an_unknown_name_is_refused_with_the_nearest():
    near = 'no config resnet50_8xb32_in1l, .* nearest names are resnet50_8xb32_in1k,'
    with pytest.raises(FileNotFoundError, match=near):
        mmccam.CCAMInferencer('resnet50_8xb32_in1l')


@pytest.mark.parametrize(
    ('name', 'path'),
    [
        ('nlccam_demo', 'nlccam_demo.py'),
        ('nlccam_cub_released', 'nlccam/nlccam_vgg16_cub_released.py'),
        ('vggccam_ilsvrc', 'plain/plain_vgg16_ilsvrc.py'),
        ('ccam_vgg16_cub', 'plain/plain_vgg16_cub.py'),
        ('cam_cub', 'conv6/conv6_vgg16_cub.py'),
        ('cam_vgg16_ilsvrc', 'conv6/conv6_vgg16_ilsvrc.py'),
    ],
)
def test_names_are_found_also_those_of_earlier_versions(name, path):
    assert name in mmpretrain.list_models()
    assert Path(ModelHub.get(name).config.filename).samefile(ROOT / 'configs' / path)


def test_names_that_are_taken_stay_as_they_are(monkeypatch):
    log, before = Mock(), dict(ModelHub._models_dict)
    monkeypatch.setattr(MMLogger.get_current_instance(), 'log', log)
    register_configs()

    assert ModelHub._models_dict == before
    _, warning = log.call_args.args
    assert 'The model name nlccam_cub is conflict' in warning
