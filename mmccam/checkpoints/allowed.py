"""What a checkpoint may hold, and torch's restricted loading of it."""

import pickle
import tarfile
from _codecs import encode
from _compat_pickle import IMPORT_MAPPING
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from torch._C import PyTorchFileReader

try:
    from numpy._core import multiarray
except ImportError:  # numpy < 1.26
    from numpy.core import multiarray

# What `torch.save` writes since 1.6.
ZIP_HEADER = b'PK\x03\x04'


def _safe_globals() -> list:
    """What mmengine's checkpoints hold beyond tensors, and nothing else."""
    codes = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?SU'
    return [
        # Logged values, which hold their statistics as attributes.
        HistoryBuffer,
        (_restricted_getattr, 'builtins.getattr'),
        # Holds its annealing as an attribute. Other schedulers save plain numbers.
        OneCycleParamScheduler,
        # Nested metainfo of a data set.
        ConfigDict,
        # Logged values, random states and scores.
        np.ndarray,
        np.dtype,
        # A dtype restores its byte order in a class of its own. No object and no
        # structured dtypes: their arrays can hold anything.
        *{type(np.dtype(code)) for code in codes},
        # Arrays and scalars. Files name the module as the numpy that wrote them:
        # numpy.core before version 2, numpy._core since.
        (multiarray._reconstruct, 'numpy._core.multiarray._reconstruct'),
        (multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
        (multiarray.scalar, 'numpy._core.multiarray.scalar'),
        (multiarray.scalar, 'numpy.core.multiarray.scalar'),
    ]


# A method is pickled as `getattr(class, name)`. These are in mmengine's checkpoints.
_PICKLED_ATTRIBUTES = {
    HistoryBuffer: ('min', 'max', 'current', 'mean'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def _restricted_getattr(owner: Any, name: Any) -> Callable:
    """Stand in for ``getattr`` in a pickle, which would give it everything."""
    for cls, names in _PICKLED_ATTRIBUTES.items():
        if owner is cls and type(name) is str and name in names:
            return getattr(cls, name)
    raise pickle.UnpicklingError(f'getattr of {name!r} of {owner!r} is not allowed')


def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read mmengine's checkpoints, since 2.6."""
    # Which brought pairs of a callable and the name that it answers to.
    if torch.__version__ >= (2, 6):
        torch.serialization.add_safe_globals(_safe_globals())


def load_restricted(path: Path, map_location: Any = None) -> Any:
    """Load a file of ``torch.save``; another function or type is an UnpicklingError."""
    reader = _refuse_other_formats(path)
    if torch.__version__ >= (2, 6):
        return torch.load(path, map_location, weights_only=True)
    module = ModuleType('restricted_pickle')  # what `torch.load` needs of one
    module.Unpickler = type('Unpickler', (_RestrictedUnpickler,), {'reader': reader})
    module.load = lambda file, **kwargs: module.Unpickler(file, **kwargs).load()
    return torch.load(path, map_location, module, weights_only=False)


def _refuse_other_formats(path: Path) -> Optional[PyTorchFileReader]:
    """Refuse what ``torch.load`` hands to other loaders, which run code before 2.6.

    A zip file is looked at, and returned, by torch's reader: to Python's it can show
    other contents.
    """
    with open(path, 'rb') as file:
        is_zip = file.read(len(ZIP_HEADER)) == ZIP_HEADER
    reader = PyTorchFileReader(str(path)) if is_zip else None
    if reader and 'constants.pkl' in reader.get_all_records():
        raise pickle.UnpicklingError('it is a program of TorchScript')
    # The oldest format of torch, whose members can be links and devices.
    if not reader and tarfile.is_tarfile(path):
        raise pickle.UnpicklingError('it is a tar file')
    return reader


class _RestrictedUnpickler(pickle._Unpickler):
    """What torch's restricted unpickler is since 2.6, for torch before.

    Functions, types and the objects whose state is restored are of torch's list and
    ours. Python's unpickler in C cannot restrict the last.
    """

    reader: Optional[PyTorchFileReader]  # of a zip file

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Private: newer torch, which does not come here, may not have it.
        from torch._weights_only_unpickler import _get_allowed_globals

        self._allowed = dict(_get_allowed_globals())
        # Also a schedule's milestones, and the bytes of numpy's scalars, as text.
        for entry in (*_safe_globals(), Counter, encode):
            if not isinstance(entry, tuple):
                entry = (entry, f'{entry.__module__}.{entry.__qualname__}')
            self._allowed[entry[1]] = entry[0]

    def find_class(self, module: str, name: str) -> Any:
        path = f'{IMPORT_MAPPING.get(module, module)}.{name}'
        if path not in self._allowed:
            raise pickle.UnpicklingError(f'Unsupported global: {path}')
        return self._allowed[path]

    def load_build(self) -> None:
        kind = type(self.stack[-2])
        if kind not in self._allowed.values():
            raise pickle.UnpicklingError(f'Can only build allowed types, not {kind}')
        super().load_build()

    def load_binpersid(self) -> None:
        """Check that a storage has the size of its record, beyond which torch reads."""
        if self.reader:
            _, kind, key, _, count = self.stack[-1]
            dtype = getattr(kind, 'dtype', torch.uint8)
            size = count * torch._utils._element_size(dtype)
            found = len(self.reader.get_record(f'data/{key}'))
            if size != found:
                raise RuntimeError(f'a layer of {size} bytes has {found} in the file')
        super().load_binpersid()

    dispatch = {
        **pickle._Unpickler.dispatch,
        pickle.BUILD[0]: load_build,
        pickle.BINPERSID[0]: load_binpersid,
    }
