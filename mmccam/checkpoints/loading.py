"""Checkpoints that run no code, by every way that mmengine loads them."""

import logging
import os
import pickle
import re
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import urlparse

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import (
    CheckpointLoader,
    load_from_ceph,
    load_from_http,
    load_from_mmcls,
    load_from_openmmlab,
    load_from_pavi,
    load_from_torchvision,
)

from .allowed import allow_mmengine_checkpoints, load_restricted

_REMOTE_LOADERS = {
    load_from_http: ('http://', 'https://'),
    load_from_torchvision: ('modelzoo://', 'torchvision://'),
    load_from_openmmlab: ('open-mmlab://', 'openmmlab://'),
    load_from_mmcls: ('mmcls://',),
    load_from_pavi: ('pavi://',),
    load_from_ceph: (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
}

# torch.save has written zip files since 1.6, and pickles that start with torch's
# magic number before.
_ZIP_HEADER = b'PK\x03\x04'
_LEGACY_HEADER = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2)

# The environment belongs to all threads.
_environment_lock = threading.Lock()


def restrict_checkpoint_loading() -> None:
    """Let mmengine load no checkpoint that could run code.

    Whatever mmengine loads, by ``load_from``, ``resume``, ``init_cfg`` or
    ``load_checkpoint``, from a file, an address or a model zoo, then holds tensors,
    plain Python and what mmengine itself saves, see
    :func:`~mmccam.checkpoints.allowed.allow_mmengine_checkpoints`. Anything else, or a
    file that is not whole, is a ``ValueError``; a file that is not there a
    ``FileNotFoundError``.
    """
    _register_loaders(restricted=True)


def trust_checkpoints() -> None:
    """Let mmengine load any checkpoint from now on, also one that runs code.

    It is for old files of trusted origin that hold other objects than those that are
    allowed. A warning is logged.
    """
    _register_loaders(restricted=False)
    _warn('Checkpoints are trusted: loading one runs the code that is in it')


def newest_checkpoint(folder: Path) -> Optional[Path]:
    """Find the checkpoint that a run has saved last and that is whole.

    Args:
        folder: Working directory of the run. Each damaged checkpoint that is passed
            over is logged as a warning.

    Returns:
        The file ``epoch_<n>.pth`` or ``iter_<n>.pth`` of the highest n, or None if
        there is no such file.

    Raises:
        ValueError: If there are such files, but none is whole.
    """
    damages = {}
    for path in _checkpoints(folder):
        damages[path] = _find_damage(path)
        if damages[path] is None:
            return path
        _warn(f'{path} is passed over: it {damages[path]}')
    if damages:
        path, damage = next(iter(damages.items()))
        raise ValueError(
            f'{folder} has no whole checkpoint: {path.name} {damage}; to start anew, '
            'delete what is damaged'
        )
    return None


def _checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that a run has saved, the newest first."""
    steps = {}
    for path in Path(folder).glob('*.pth'):
        match = re.fullmatch(r'(?:epoch|iter)_(\d+)\.pth', path.name)
        if match:
            steps[path] = int(match.group(1))
    return sorted(steps, key=steps.get, reverse=True)


def _register_loaders(restricted: bool) -> None:
    CheckpointLoader.register_scheme('', _local_loader(restricted), force=True)
    for loader, prefixes in _REMOTE_LOADERS.items():
        guarded = _remote_loader(loader, restricted)
        CheckpointLoader.register_scheme(prefixes, guarded, force=True)


def _local_loader(restricted: bool) -> Callable:
    """Make a loader of files."""

    # The log of mmengine names the last part of the function's name.
    def load_from_local(filename: str, map_location: Any = None) -> Any:
        path = Path(filename).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'there is no checkpoint {path}')
        damage = _find_damage(path)
        if damage:
            others = _checkpoints(path.parent)
            whole = next((other for other in others if not _find_damage(other)), None)
            advice = ''
            if whole:
                advice = f'; the newest whole checkpoint beside it is {whole}'
            raise ValueError(f'{path} {damage}{advice}')
        with _one_sentence(str(path), restricted):
            if restricted:
                return load_restricted(path, map_location)
            return torch.load(path, map_location, weights_only=False)

    return load_from_local


def _remote_loader(loader: Callable, restricted: bool) -> Callable:
    """Make a loader that is one of mmengine's under torch's switch."""

    @wraps(loader)
    def load(filename: str, map_location: Any = None) -> Any:
        try:
            with _one_sentence(filename, restricted), _torch_switch(restricted):
                return loader(filename, map_location)
        finally:
            # onedl-mmengine 0.10.12 takes types off our list after each of its loads.
            allow_mmengine_checkpoints()
            # torch keeps what it gets, also half a file or the page of a proxy, and
            # its own error does not tell.
            path = _downloaded_file(filename)
            damage = path and _find_damage(path)
            if damage:
                raise ValueError(
                    f'{filename} was not downloaded whole: {path} {damage}; delete '
                    'that file to download it again'
                )

    return load


@contextmanager
def _torch_switch(restricted: bool) -> Iterator[None]:
    """Restrict or free those calls of ``torch.load`` that are not ours.

    Where the user has set the restriction, it also stands for trusted files.
    """
    switches = {'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD': '1'}
    if restricted:
        # torch takes only one of both.
        switches['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '0'
        switches['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'
    with _environment_lock:
        former = {name: os.environ.get(name) for name in switches}
        os.environ.update(switches)
        try:
            yield
        finally:
            for name, value in former.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def _one_sentence(source: str, restricted: bool) -> Iterator[None]:
    """Turn torch's errors into a sentence that names the checkpoint.

    Raises:
        ValueError: If loading fails.
    """
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
                'after mmccam.engine.trust_checkpoints()'
            ) from error
        # What pickles and the storages behind them raise when they end too early.
        ends = isinstance(error, (EOFError, IndexError, struct.error))
        fault = 'cannot be loaded'
        if ends or 'unexpected EOF' in reason:
            fault = 'is truncated or damaged'
        raise ValueError(
            f'{source} {fault} ({type(error).__name__}: {reason})'
        ) from error


def _find_damage(path: Path) -> Optional[str]:
    """Say what is wrong with a file of torch, None if nothing is.

    All bytes of a zip file are checked, which torch does not do. Of older files only
    the header is.
    """
    with open(path, 'rb') as file:
        header = file.read(len(_LEGACY_HEADER))
    if not header:
        return 'is empty'
    if header == _LEGACY_HEADER:
        return None
    if not header.startswith(_ZIP_HEADER):
        return f'is no checkpoint of torch, or a damaged one: it begins with {header!r}'
    try:
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
    except Exception as error:  # of many types, as the damaged bytes have it
        return f'is truncated or damaged ({error})'
    return part and f'is damaged (the checksum of {part} in it is wrong)'


def _downloaded_file(address: str) -> Optional[Path]:
    """Find the file that torch keeps of an address."""
    if not address.startswith(('http://', 'https://')):
        return None
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(address).path).name)
    return path if path.is_file() else None


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)
