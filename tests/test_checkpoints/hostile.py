"""Objects whose pickles make a file `trace` in the working directory when loaded."""

import functools
import importlib
import operator
import os
import pickle
import re
import struct
import subprocess
import tarfile
import time
import timeit
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from torch import nn

TRACE = Path('trace')


class Call:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *args):
        self.function = function
        self.args = args

    def __reduce__(self):
        return self.function, self.args

    def __call__(self):
        """Only here so that the result of one call can be the function of another."""


class Restored:
    """Makes the file when its state is restored."""

    def __getstate__(self):
        return {'name': 'trace'}

    def __setstate__(self, state):
        Path(state['name']).touch()


def _method(owner, name, *args):
    return Call(Call(getattr, owner, name), *args)


_OS = Call(importlib.import_module, 'os')
_GLOBALS = Call(getattr, HistoryBuffer.min, '__globals__')
_BUILTINS = Call(operator.getitem, _GLOBALS, '__builtins__')

PAYLOADS = {
    'os.system': Call(os.system, 'echo > trace'),
    'subprocess': Call(subprocess.check_call, ['touch', 'trace']),
    'timeit': Call(
        timeit.timeit, 'open("trace", "w").close()', '', time.perf_counter, 1
    ),
    'eval': Call(eval, 'open("trace", "w").close()'),
    'exec': Call(exec, 'open("trace", "w").close()'),
    'open': Call(open, 'trace', 'w'),
    'module attribute': _method(_OS, 'mkdir', 'trace'),
    'methodcaller': Call(operator.methodcaller('touch'), Path('trace')),
    'partial': Call(functools.partial(open, 'trace', mode='w')),
    # By way of a function that is allowed.
    'globals of a statistic': Call(
        Call(operator.getitem, _BUILTINS, 'open'), 'trace', 'w'
    ),
    'method of an array': _method(np.zeros(1), 'tofile', 'trace'),
    '__setstate__': Restored(),
    'numpy.savetxt': Call(np.savetxt, 'trace', [1.0]),
    'numpy.memmap': Call(np.memmap, 'trace', 'u1', 'w+', 0, (1,)),
    'torch.save': Call(torch.save, 1, 'trace'),
    'torch.hub': Call(torch.hub.download_url_to_file, 'data:,x', 'trace'),
}


def _in_message_hub(payload):
    buffer = HistoryBuffer([1.0], [1])
    buffer._log_history = payload
    return {'state_dict': {}, 'message_hub': {'log_scalars': {'loss': buffer}}}


PLACES = {
    'state': lambda payload: {'state_dict': {'a': torch.ones(1), 'b': payload}},
    'optimizer': lambda payload: {'optimizer': {'state': {0: {'step': payload}}}},
    'message hub': _in_message_hub,
    'key': lambda payload: {'state_dict': {payload: torch.ones(1)}},
}


def _writer(**kwargs):
    return lambda path: torch.save(PAYLOADS['open'], path, **kwargs)


write_zip = _writer()
write_legacy = _writer(_use_new_zipfile_serialization=False)
write_other_protocol = _writer(pickle_protocol=4)


def replace_pickle(path):
    """Write a checkpoint of tensors and put another pickle into it."""
    torch.save({'weight': torch.ones(1)}, path)
    rewrite_pickle(path, lambda content: pickle.dumps(PAYLOADS['open'], protocol=2))


class Program(nn.Module):
    """Makes the file when its state is restored by TorchScript."""

    def forward(self, x):
        return x

    @torch.jit.export
    def __getstate__(self):
        return self.training

    @torch.jit.export
    def __setstate__(self, state: bool):
        self.training = state
        torch.save(torch.ones(1), 'trace')


def write_torchscript(path):
    torch.jit.script(Program()).save(path)


def write_hidden_torchscript(path):
    """Show other files to Python's `zipfile` than to torch.

    torch's reader goes to the place that the end of the file gives. Python's takes what
    lies before the end, and subtracts the difference from the places in that list.
    """
    write_torchscript(path)
    content = Path(path).read_bytes()
    end = content.rindex(b'PK\5\6')
    size, start = struct.unpack('<2L', content[end + 12 : end + 20])
    shown = BytesIO()
    with zipfile.ZipFile(shown, 'w') as archive:
        archive.writestr('hostile/data.pkl', b'')
    shown = shown.getvalue()
    at, shown_end = shown.index(b'PK\1\2'), shown.rindex(b'PK\5\6')
    entry = bytearray(shown[at:shown_end])
    padding = size - len(entry)  # in a field of the entry, of any kind
    struct.pack_into('<H', entry, 30, padding)
    struct.pack_into('<L', entry, 42, start - at)
    entry += struct.pack('<2H', 0xCAFE, padding - 4) + bytes(padding - 4)
    parts = (content[: start + size], shown[:at], entry, content[end:])
    Path(path).write_bytes(b''.join(parts))
    assert zipfile.ZipFile(path).namelist() == ['hostile/data.pkl']


def _write_pickles(path, sys_info, keys):
    """Write the format before torch 1.6, which is several pickles."""
    values = (torch.serialization.MAGIC_NUMBER, 1001, sys_info, {}, keys)
    Path(path).write_bytes(b''.join(pickle.dumps(value, 2) for value in values))


def write_hostile_info(path):
    _write_pickles(path, sys_info=PAYLOADS['open'], keys=[])


def write_hostile_keys(path):
    # A file is read as the list of keys, and is empty.
    _write_pickles(path, sys_info={}, keys=Call(open, 'trace', 'w+'))


def write_tar(path):
    """Write the oldest format of torch, that begins as the one before 1.6 does."""
    first = pickle.dumps(torch.serialization.MAGIC_NUMBER, protocol=2)
    nothing = pickle.dumps(0, 2) + pickle.dumps([], 2)
    members = {first.decode(errors='surrogateescape'): b''}
    members.update(storages=nothing, tensors=nothing)
    members.update(pickle=pickle.dumps(PAYLOADS['open'], 2))
    with tarfile.open(path, 'w', format=tarfile.GNU_FORMAT) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))


FORMATS = [
    *(write_zip, write_legacy, write_other_protocol, replace_pickle),
    *(write_torchscript, write_hidden_torchscript),
    *(write_hostile_info, write_hostile_keys, write_tar),
]


def rewrite_pickle(path, edit):
    """Edit the pickle in a file of `torch.save`, and return the new one."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in files if name.endswith('data.pkl'))
    files[name] = edit(files[name])
    with zipfile.ZipFile(path, 'w') as archive:
        for other, content in files.items():
            archive.writestr(other, content)
    return files[name]


def check_refused(run, source):
    """Check that a call refuses the checkpoint with the message and without a trace."""
    message = (
        f'^{re.escape(source)} is refused, since loading it could run code '
        r'\(.+\); if you trust its origin, load it with --trust-checkpoint, in Python '
        r'after mmccam\.trust_checkpoints\(\)$'
    )
    with pytest.raises(ValueError, match=message):
        run(source)
    assert not TRACE.exists()
