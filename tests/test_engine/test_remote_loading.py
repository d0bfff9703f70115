"""Checkpoints from addresses, model zoos and stores, and that none runs code."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hostile import FORMATS, PAYLOADS, TRACE, check_refused, write_zip
from mmengine.runner import checkpoint
from mmengine.runner.checkpoint import (
    CheckpointLoader,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from mmccam.checkpoints.loading import _torch_switch
from mmccam.engine import trust_checkpoints

pytestmark = [
    pytest.mark.usefixtures('loading_folder'),
    # What torch says of hostile files, and of the switch that trusted ones need.
    pytest.mark.filterwarnings('ignore:Detected pickle protocol 4'),
    pytest.mark.filterwarnings('ignore:Environment variable TORCH_FORCE_NO_WEIGHTS'),
]

NO_RESTRICTION = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
RESTRICTION = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'

load = CheckpointLoader.load_checkpoint


@pytest.mark.parametrize('setting', [{}, {NO_RESTRICTION: '1'}, {RESTRICTION: '1'}])
@pytest.mark.parametrize('write', FORMATS)
def test_address_is_refused(server, monkeypatch, write, setting):
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    write('hostile.pth')
    before = dict(os.environ)
    check_refused(load, f'{server}/hostile.pth')
    assert dict(os.environ) == before


@pytest.mark.parametrize('folder', ['', '{server}/'])
def test_message_names_what_is_refused(server, folder):
    torch.save(PAYLOADS['eval'], 'hostile.pth')
    with pytest.raises(ValueError, match=r'could run code \([^)]*\beval\b[^)]*\); if'):
        load(f'{folder.format(server=server)}hostile.pth')


def test_restriction_outlives_that_of_another_thread():
    first_in, second_in, first_may_go, first_out = (threading.Event() for _ in range(4))

    def first():
        with _torch_switch(restricted=True):
            first_in.set()
            first_may_go.wait()
        first_out.set()

    def second():
        with _torch_switch(restricted=True):
            second_in.set()
            first_out.wait()
            return os.environ.get(RESTRICTION)

    with ThreadPoolExecutor() as threads:
        threads.submit(first)
        first_in.wait()
        setting = threads.submit(second)
        second_in.wait(timeout=0.2)
        first_may_go.set()
        assert setting.result() == '1'
    assert RESTRICTION not in os.environ


def test_trusted_address_loads(server):
    write_zip('hostile.pth')
    trust_checkpoints()
    before = dict(os.environ)
    load(f'{server}/hostile.pth')
    assert TRACE.exists()
    assert dict(os.environ) == before


def test_users_restriction_stands_for_trusted_files(server, monkeypatch):
    monkeypatch.setenv(RESTRICTION, '1')
    write_zip('hostile.pth')
    trust_checkpoints()
    for source in ('hostile.pth', f'{server}/hostile.pth'):
        with pytest.raises(ValueError, match=f'^{source} cannot be loaded'):
            load(source)
    assert not TRACE.exists()


def test_checkpoint_of_an_address_loads(server):
    torch.save({'state_dict': {'weight': torch.ones(2)}}, 'model.pth')
    loaded = load(f'{server}/model.pth')
    assert torch.equal(loaded['state_dict']['weight'], torch.ones(2))


@pytest.mark.parametrize(
    ('scheme', 'name', 'addresses'),
    [
        ('torchvision', 'vgg11', get_torchvision_models),
        ('modelzoo', 'vgg11', get_torchvision_models),
        ('open-mmlab', 'vgg16_caffe', get_external_models),
        ('openmmlab', 'vgg16_caffe', get_external_models),
        ('mmcls', 'vgg11', get_mmcls_models),
    ],
)
def test_model_zoos_are_refused_unless_trusted(
    downloads, monkeypatch, scheme, name, addresses
):
    monkeypatch.setenv('MMENGINE_HOME', 'mmengine')
    # What is there is not downloaded.
    torch.save({'x': PAYLOADS['open']}, downloads / Path(addresses()[name]).name)
    check_refused(load, f'{scheme}://{name}')
    trust_checkpoints()
    load(f'{scheme}://{name}')
    assert TRACE.exists()


class Cloud:
    """A model of pavi, or the client of a petrel store."""

    name = 'model.pth'

    def __init__(self, *args, **kwargs):
        pass

    def download(self, path):
        write_zip(path)

    def Get(self, path):
        write_zip('petrel.pth')
        return Path('petrel.pth').read_bytes()


@pytest.fixture(params=['pavi://model', 's3://model', 'x:s3://model', 'petrel://model'])
def address_in_store(request, monkeypatch):
    """A hostile file in one of the stores, whose packages are stand-ins."""
    pavi = SimpleNamespace(modelcloud=SimpleNamespace(get=Cloud))
    client = SimpleNamespace(Client=Cloud)
    monkeypatch.setitem(sys.modules, 'pavi', pavi)
    monkeypatch.setitem(sys.modules, 'petrel_client', SimpleNamespace(client=client))
    monkeypatch.setitem(sys.modules, 'petrel_client.client', client)
    return request.param


def test_stores_are_refused(address_in_store):
    check_refused(load, address_in_store)


@pytest.mark.skipif(
    hasattr(checkpoint, '_safe_torch_load'),
    reason='onedl-mmengine 0.10.12 reads a file of a store a second time from its end',
)
def test_stores_can_be_trusted(address_in_store):
    trust_checkpoints()
    load(address_in_store)
    assert TRACE.exists()


def test_every_scheme_of_mmengine_is_restricted():
    loaders = CheckpointLoader._schemes.values()
    modules = {loader.__globals__['__name__'] for loader in loaders}
    assert modules == {'mmccam.checkpoints.loading'}


def test_log_names_the_scheme():
    assert CheckpointLoader._schemes[''].__name__ == 'load_from_local'
    assert CheckpointLoader._schemes['http://'].__name__ == 'load_from_http'
