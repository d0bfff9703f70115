"""Loading of local checkpoints, and that it runs none of the code in them."""

import logging
from pathlib import Path

import pytest
import torch
from hostile import FORMATS, PAYLOADS, PLACES, TRACE, check_refused, write_zip
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain import ImageClassificationInferencer
from mmpretrain.models import LeNet5
from small_run import RandomModel, train
from torch.package import PackageExporter

from mmccam import engine, trust_checkpoints
from mmccam.models import NonLocalVGG

pytestmark = [
    pytest.mark.usefixtures('loading_folder'),
    # What torch says of hostile files.
    pytest.mark.filterwarnings('ignore:Detected pickle protocol 4'),
    pytest.mark.filterwarnings('ignore:.torch.jit'),
    pytest.mark.filterwarnings('ignore:.torch.load. received a zip file'),
]

load = CheckpointLoader.load_checkpoint

CLASSIFIER = dict(
    model=dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=2)),
    test_dataloader=dict(dataset=dict(pipeline=[dict(type='PackInputs')])),
)


def saver(content):
    return lambda path: torch.save(content, path)


@pytest.mark.parametrize(
    'write',
    [
        *map(saver, PAYLOADS.values()),
        *(saver(place(PAYLOADS['os.system'])) for place in PLACES.values()),
        *FORMATS,
    ],
    ids=[*PAYLOADS, *PLACES, *(write.__name__ for write in FORMATS)],
)
def test_hostile_files_are_refused_unless_trusted(each_torch, write):
    write('hostile.pth')
    check_refused(load, 'hostile.pth')
    # The file is as hostile as it is meant to be.
    trust_checkpoints()
    load('hostile.pth')
    assert TRACE.exists()


def initialize(module, path):
    module.init_cfg = dict(type='Pretrained', checkpoint=path)
    module.init_weights()


def build_runner():
    name = str(Path.cwd())
    return Runner(RandomModel(), work_dir='runs', experiment_name=name)


@pytest.mark.parametrize(
    'run',
    [
        lambda path: initialize(NonLocalVGG(11, ()), path),
        lambda path: initialize(LeNet5(), path),
        lambda path: build_runner().load_checkpoint(path),
        lambda path: build_runner().resume(path),
        lambda path: ImageClassificationInferencer(Config(CLASSIFIER), path),
    ],
    ids='ours mmpretrain load_checkpoint resume inferencer'.split(),
)
def test_each_use_refuses(run):
    write_zip('hostile.pth')
    check_refused(run, 'hostile.pth')


def test_an_old_config_is_not_run_when_a_run_is_resumed(tmp_path):
    one_epoch = dict(train_cfg=dict(by_epoch=True, max_epochs=1))
    train(tmp_path, **one_epoch)
    checkpoint = load('epoch_1.pth')
    checkpoint['meta']['config'] = 'open("trace", "w")'
    torch.save(checkpoint, 'epoch_1.pth')
    train(tmp_path, resume=True, load_from='epoch_1.pth', **one_epoch)
    assert not TRACE.exists()


def test_trust_is_logged(caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    engine.trust_checkpoints()  # its name in earlier versions
    logger.removeHandler(caplog.handler)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert 'Checkpoints are trusted' in record.getMessage()


def test_a_package_of_torch_is_not_loaded():
    with PackageExporter('package.pth') as package:
        package.save_source_string('code', 'open("trace", "w")')
        package.save_pickle('archive', 'data.pkl', {})
    with pytest.raises(ValueError, match='^package.pth cannot be loaded .RuntimeErr'):
        load('package.pth')
    assert not TRACE.exists()


def test_home_folder_and_missing_file(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    torch.save([1], 'model.pth')
    assert load('~/model.pth') == [1]
    with pytest.raises(FileNotFoundError, match='^there is no checkpoint no.pth$'):
        load('no.pth')
