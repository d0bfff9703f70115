"""Fetches checkpoints to files, from all sources that mmengine has names for."""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get
from mmengine.logging import print_log
from mmengine.runner import checkpoint as zoo

# The prefixes of mmengine's loaders, by their names in its log.
PREFIXES = {
    'local': ('',),
    'http': ('http://', 'https://'),
    'torchvision': ('modelzoo://', 'torchvision://'),
    'openmmlab': ('open-mmlab://', 'openmmlab://'),
    'mmcls': ('mmcls://',),
    'pavi': ('pavi://',),
    'ceph': (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
}
# The addresses of models by name.
ZOOS = {
    'torchvision': zoo.get_torchvision_models,
    'modelzoo': zoo.get_torchvision_models,
    'open-mmlab': zoo.get_external_models,
    'openmmlab': zoo.get_external_models,
    'mmcls': zoo.get_mmcls_models,
}


def fetch(source: str, stack: ExitStack) -> Path:
    """Bring what one of the ``PREFIXES`` names to a file; the stack removes copies."""
    scheme, _, name = source.partition('://')
    scheme = scheme.rpartition(':')[2]  # of `cluster:s3`
    if scheme in ZOOS:
        if ZOOS[scheme] is zoo.get_external_models:
            name = zoo.get_deprecated_model_names().get(name, name)
        source = ZOOS[scheme]()[name]
        if not source.startswith(('http://', 'https://')):
            return Path(zoo._get_mmengine_home(), source)
    if source.startswith(('http://', 'https://')):
        return _download(source)
    if scheme in ('s3', 'petrel', 'pavi'):
        path = Path(stack.enter_context(TemporaryDirectory()), 'checkpoint.pth')
        if scheme == 'pavi':
            from pavi import modelcloud

            modelcloud.get(name).download(str(path))
        else:
            path.write_bytes(get(source, backend_args=dict(backend='petrel')))
        return path
    return Path(source).expanduser()


def downloads() -> Path:
    """The folder where torch keeps what it has downloaded."""
    return Path(torch.hub.get_dir(), 'checkpoints')


def _download(address: str) -> Path:
    """Download to torch's folder, unless the file is there."""
    path = downloads() / Path(urlparse(address).path).name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others wait for the first process; on another machine they download then.
    if not is_main_process():
        barrier()
    try:
        if not path.exists():
            print_log(f'Downloading {address} to {path}', 'current')
            torch.hub.download_url_to_file(address, str(path), progress=os.isatty(0))
    finally:
        if is_main_process():
            barrier()
    return path
