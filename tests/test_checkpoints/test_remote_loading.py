"""Checkpoints from addresses, model zoos and stores, and that none runs code."""

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hostile import PAYLOADS, TRACE, check_refused, write_zip
from mmengine.runner import checkpoint as zoo

from mmccam import trust_checkpoints
from mmccam.checkpoints import loading

pytestmark = [
    pytest.mark.usefixtures('loading_folder'),
    # What torch says of hostile files.
    pytest.mark.filterwarnings('ignore:Detected pickle protocol 4'),
    pytest.mark.filterwarnings('ignore:Environment variable TORCH_FORCE_NO_WEIGHTS'),
]

load = zoo.CheckpointLoader.load_checkpoint

EXTERNAL = zoo.get_external_models()
WEIGHTS = {'state_dict': {'backbone.a': torch.ones(2), 'head.b': torch.ones(3)}}


def test_address_is_refused_unless_trusted(server, each_torch):
    write_zip('hostile.pth')
    check_refused(load, f'{server}/hostile.pth')
    trust_checkpoints()
    load(f'{server}/hostile.pth')
    assert TRACE.exists()


def test_the_environment_does_not_lift_the_restriction(server, monkeypatch):
    torch.save(PAYLOADS['eval'], 'hostile.pth')
    source = f'{server}/hostile.pth'
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    check_refused(load, source)
    with pytest.raises(ValueError, match=r'could run code \([^)]*\beval\b[^)]*\); if'):
        load(source)
    monkeypatch.delenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD')
    # What the user's own restriction refuses is not loaded though it is trusted.
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    trust_checkpoints()
    with pytest.raises(ValueError, match=f'^{source} cannot be loaded'):
        load(source)
    assert not TRACE.exists()


def test_a_server_that_does_not_answer_is_not_waited_for(downloads, monkeypatch):
    monkeypatch.setattr(loading, 'TIMEOUT', 0.1)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        address = f'http://127.0.0.1:{silent.getsockname()[1]}/model.pth'
        with pytest.raises(ValueError, match=f'{address} cannot be loaded .*timed out'):
            load(address)
    assert socket.getdefaulttimeout() is None


def test_checkpoint_of_an_address_loads(server, downloads, each_torch):
    torch.save(WEIGHTS, 'model.pth')
    for _ in range(2):  # the second time from the downloads
        weights = load(f'{server}/model.pth')['state_dict']
        assert torch.equal(weights['backbone.a'], torch.ones(2))
        Path('model.pth').unlink(missing_ok=True)
    assert [path.name for path in downloads.iterdir()] == ['model.pth']


def test_processes_wait_for_the_download_of_the_first(monkeypatch, downloads):
    def wait():
        torch.save(WEIGHTS, downloads / 'model.pth')

    monkeypatch.setattr(loading, 'is_main_process', lambda: False)
    monkeypatch.setattr(loading, 'barrier', wait)
    assert load('https://nowhere.invalid/model.pth').keys() == WEIGHTS.keys()


@pytest.mark.parametrize(
    ('scheme', 'name', 'file'),
    [
        ('torchvision', 'vgg11', zoo.get_torchvision_models()['vgg11']),
        ('modelzoo', 'vgg11', zoo.get_torchvision_models()['vgg11']),
        ('openmmlab', 'vgg16_caffe', EXTERNAL['vgg16_caffe']),
        # The former name of another.
        ('open-mmlab', 'resnet50_caffe', EXTERNAL['detectron/resnet50_caffe']),
        ('openmmlab', 'of_the_user', 'of_the_user.pth'),
        ('mmcls', 'vgg11', zoo.get_mmcls_models()['vgg11']),
    ],
)
def test_model_zoos_are_refused_unless_trusted(
    downloads, monkeypatch, scheme, name, file
):
    monkeypatch.setenv('MMENGINE_HOME', 'mmengine')
    Path('mmengine').mkdir()
    Path('mmengine/open_mmlab.json').write_text('{"of_the_user": "of_the_user.pth"}')
    # What is there is not downloaded.
    folder = downloads if file.startswith('http') else Path('mmengine')
    torch.save({**WEIGHTS, 'x': PAYLOADS['open']}, folder / Path(file).name)
    check_refused(load, f'{scheme}://{name}')
    trust_checkpoints()
    weights = load(f'{scheme}://{name}')['state_dict']
    assert TRACE.exists()
    # mmengine makes backbones of the classifiers of MMClassification.
    assert list(weights) == (['a'] if scheme == 'mmcls' else ['backbone.a', 'head.b'])


class Cloud:
    """A model of pavi, or the client of a petrel store."""

    def __init__(self, *args, **kwargs):
        pass

    def download(self, path):
        write_zip(path)

    def Get(self, path):
        write_zip('petrel.pth')
        return Path('petrel.pth').read_bytes()


@pytest.mark.parametrize(
    'address', ['pavi://model', 's3://model', 'x:s3://model', 'petrel://model']
)
def test_stores_are_refused_unless_trusted(monkeypatch, address):
    pavi = SimpleNamespace(modelcloud=SimpleNamespace(get=Cloud))
    client = SimpleNamespace(Client=Cloud)
    monkeypatch.setitem(sys.modules, 'pavi', pavi)
    monkeypatch.setitem(sys.modules, 'petrel_client', SimpleNamespace(client=client))
    monkeypatch.setitem(sys.modules, 'petrel_client.client', client)
    check_refused(load, address)
    trust_checkpoints()
    load(address)
    assert TRACE.exists()


def test_every_scheme_of_mmengine_is_restricted_and_named_in_its_log():
    loaders = zoo.CheckpointLoader._schemes
    modules = {
        getattr(loader, 'func', loader).__module__ for loader in loaders.values()
    }
    assert modules == {'mmccam.checkpoints.loading'}
    assert loaders[''].__name__ == 'load_from_local'
    assert loaders['http://'].__name__ == 'load_from_http'
