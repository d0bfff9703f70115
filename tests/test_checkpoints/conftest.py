"""Where checkpoints are loaded from."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from torch.torch_version import TorchVersion

from mmccam.checkpoints.loading import restrict_checkpoint_loading


@pytest.fixture
def loading_folder(tmp_path, monkeypatch):
    """Work in a folder of its own, downloads included, and trust nothing after."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    for name in ('TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'):
        monkeypatch.delenv(name, raising=False)
    yield
    restrict_checkpoint_loading()


@pytest.fixture(params=['this torch', 'older torch'])
def each_torch(request, monkeypatch):
    """Load with this torch, and as with one whose restriction cannot be extended."""
    if request.param == 'older torch':
        monkeypatch.setattr(torch, '__version__', TorchVersion('2.1.2'))
    return request.param


@pytest.fixture
def server():
    """Serve the working directory, and give the address."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Handler, directory=os.getcwd())
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


@pytest.fixture
def downloads(tmp_path):
    """The folder where torch keeps what it downloads."""
    folder = tmp_path / 'torch' / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    return folder
