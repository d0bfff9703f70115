"""Checkpoints that run no code, by every way that mmengine loads them."""

import os
import pickle
import re
import socket
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Optional
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get
from mmengine.logging import MMLogger
from mmengine.runner import checkpoint as zoo

from .allowed import ZIP_HEADER, allow_mmengine_checkpoints, load_restricted
from .contents import check_meta

# What `torch.save` wrote before 1.6: pickles, the first of torch's magic number.
_LEGACY_HEADER = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2)
TIMEOUT = 60  # seconds without an answer of a server
# The prefixes of mmengine's loaders, by their names in its log.
_PREFIXES = {
    'local': ('',),
    'http': ('http://', 'https://'),
    'torchvision': ('modelzoo://', 'torchvision://'),
    'openmmlab': ('open-mmlab://', 'openmmlab://'),
    'mmcls': ('mmcls://',),
    'pavi': ('pavi://',),
    'ceph': (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
}
# The addresses of models by name.
_ZOOS = {
    'torchvision': zoo.get_torchvision_models,
    'modelzoo': zoo.get_torchvision_models,
    'open-mmlab': zoo.get_external_models,
    'openmmlab': zoo.get_external_models,
    'mmcls': zoo.get_mmcls_models,
}


def restrict_checkpoint_loading() -> None:
    """Let mmengine load no checkpoint that could run code, in whatever way.

    A file with more than tensors, plain Python and what mmengine saves, or a damaged
    one, is a ``ValueError``; a missing file is a ``FileNotFoundError``.
    """
    allow_mmengine_checkpoints()
    _register_loaders(restricted=True)


def trust_checkpoints() -> None:
    """Let mmengine load any checkpoint from now on, also one that runs code.

    For files of trusted origin that hold other objects, or a config with parts of the
    user's own: its ``custom_imports`` are then imported. A warning is logged.
    """
    _register_loaders(restricted=False)
    logger = MMLogger.get_current_instance()
    logger.warning('Checkpoints are trusted: loading one runs the code that is in it')


def are_trusted() -> bool:
    """Whether checkpoints are trusted, since :func:`trust_checkpoints` was called."""
    return not zoo.CheckpointLoader._schemes[''].keywords['restricted']


def newest_checkpoint(folder: Path) -> Optional[Path]:
    """Find the last complete checkpoint of a run, None if it has saved none.

    Those of another run than the folder's are passed over with a warning, and damaged
    ones; if there are only these, that is a ``ValueError``.
    """
    first, file = None, folder / 'run_id'
    run = file.read_text() if file.is_file() else None
    for path in _checkpoints(folder):
        damage = _find_damage(path)
        if damage is None and (run is None or is_of_run(path, run)):
            return path
        if damage is not None:
            first = first or f'{path.name} {damage}'
        fault = damage or 'is of another run'
        MMLogger.get_current_instance().warning(f'{path} is passed over: it {fault}')
    if first:
        raise ValueError(
            f'{folder} has no complete checkpoint: {first}; to start again, delete '
            'what is damaged'
        )
    return None


def is_of_run(path: Path, run: str) -> bool:
    """Whether a checkpoint is of a run, as one counts that cannot be loaded."""
    try:
        loaded = zoo.CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
        return loaded['meta'].get('run_id', '') == run
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return True


def _checkpoints(folder: Path) -> list[Path]:
    """The files ``epoch_<n>.pth`` or ``iter_<n>.pth`` of a folder, the newest first."""
    steps = {}
    for path in folder.glob('*.pth'):
        if match := re.fullmatch(r'(?:epoch|iter)_(\d+)', path.stem):
            steps[path] = int(match[1])
    return sorted(steps, key=steps.get, reverse=True)


def _register_loaders(restricted: bool) -> None:
    for name, prefixes in _PREFIXES.items():
        loader = partial(_load, name, restricted=restricted)
        loader.__name__ = f'load_from_{name}'  # mmengine logs the last part
        zoo.CheckpointLoader.register_scheme(prefixes, loader, force=True)


def _load(name: str, source: str, map_location: Any = None, *, restricted: bool) -> Any:
    read = load_restricted if restricted else partial(torch.load, weights_only=False)
    with ExitStack() as stack:
        with _one_sentence(source, restricted):
            path = _fetch(source, stack)
        _check_complete(path, source)
        with _one_sentence(source, restricted):
            loaded = read(path, map_location)
            if name == 'mmcls':  # a classifier, of which mmengine makes a backbone
                loaded = zoo._process_mmcls_checkpoint(loaded)
    check_meta(loaded, source)
    return loaded


def _fetch(source: str, stack: ExitStack) -> Path:
    """Bring what one of the ``_PREFIXES`` names to a file; the stack removes copies."""
    scheme, _, name = source.partition('://')
    scheme = scheme.rpartition(':')[2]  # of `cluster:s3`
    if scheme in _ZOOS:
        if _ZOOS[scheme] is zoo.get_external_models:
            name = zoo.get_deprecated_model_names().get(name, name)
        source = _ZOOS[scheme]()[name]
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


def _downloads() -> Path:
    """The folder where torch keeps what it has downloaded."""
    return Path(torch.hub.get_dir(), 'checkpoints')


def _download(address: str) -> Path:
    """Download to torch's folder, unless the file is there."""
    path = _downloads() / Path(urlparse(address).path).name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others wait for the first process; on another machine they download then.
    if not is_main_process():
        barrier()
    former = socket.getdefaulttimeout()
    try:
        if not path.exists():
            logger = MMLogger.get_current_instance()
            logger.info(f'Downloading {address} to {path}')
            socket.setdefaulttimeout(TIMEOUT)  # torch sets none
            torch.hub.download_url_to_file(address, str(path), progress=os.isatty(0))
    finally:
        socket.setdefaulttimeout(former)
        if is_main_process():
            barrier()
    return path


def _check_complete(path: Path, source: str) -> None:
    """Check that a file is there and undamaged, or say what to do."""
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    damage = _find_damage(path)
    if damage is None:
        return
    # torch keeps what it gets, also half a file or the page of a proxy.
    if path.parent == _downloads():
        fault = f'was not downloaded completely: {path} {damage}'
        raise ValueError(f'{source} {fault}; delete that file to download it again')
    others = _checkpoints(path.parent)
    newest = next((other for other in others if not _find_damage(other)), None)
    advice = f'; the newest complete checkpoint beside it is {newest}' if newest else ''
    raise ValueError(f'{source} {damage}{advice}')


@contextmanager
def _one_sentence(source: str, restricted: bool) -> Iterator[None]:
    """Turn torch's errors into a ValueError of one sentence, with the source."""
    try:
        yield
    except Exception as error:  # a damaged pickle raises whatever its bytes lead to
        is_refused = restricted and isinstance(error, pickle.UnpicklingError)
        # torch replaces the error of its unpickler by one with long advice.
        if is_refused and error.__suppress_context__ and error.__context__:
            error = error.__context__
        reason = str(error).strip().partition('\n')[0].partition('. ')[0].rstrip('.')
        if is_refused:
            raise ValueError(
                f'{source} is refused, since loading it could run code ({reason}); if '
                'you trust its origin, load it with --trust-checkpoint, in Python '
                'after mmccam.trust_checkpoints()'
            ) from error
        # What pickles and the storages behind them raise when they end too early.
        ends = isinstance(error, (EOFError, IndexError, struct.error))
        is_damaged = ends or 'unexpected EOF' in reason
        fault = 'is truncated or damaged' if is_damaged else 'cannot be loaded'
        reason = f'{type(error).__name__}: {reason}'
        raise ValueError(f'{source} {fault} ({reason})') from error


def _find_damage(path: Path) -> Optional[str]:
    """Say what is wrong with a file of torch, None if nothing is."""
    with open(path, 'rb') as file:
        header = file.read(len(_LEGACY_HEADER))
    if not header:
        return 'is empty'
    if header == _LEGACY_HEADER:
        return None
    if not header.startswith(ZIP_HEADER):
        return f'is no checkpoint of torch, or a damaged one: it begins with {header!r}'
    try:  # torch does not check the bytes; older files can only be checked by header
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
    except Exception as error:  # of many types, as the damaged bytes have it
        return f'is truncated or damaged ({error})'
    return part and f'is damaged (the checksum of {part} in it is wrong)'


# Also where another module of the package is what imports mmengine's first.
restrict_checkpoint_loading()
