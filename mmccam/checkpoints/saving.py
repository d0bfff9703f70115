"""Files that are complete or not there, and folders with one writer."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Union

from mmengine.fileio import LocalBackend, register_backend

# The ``backend_args`` of mmengine that name it.
WHOLE_FILES = dict(backend='mmccam.whole_files')
_locks: set[IO] = set()


@register_backend(WHOLE_FILES['backend'])
class WholeFileBackend(LocalBackend):
    """mmengine's local files, written atomically: a crash leaves no part of a file.

    Named in configs as ``backend_args=dict(backend='mmccam.whole_files')``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file that outlasts a loss of power."""
        with whole_file(filepath) as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())
        if os.name == 'posix':  # where names can be brought to the disk
            folder = os.open(Path(filepath).parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def put_text(self, obj: str, filepath: str, encoding: str = 'utf-8') -> None:
        """Write a text in the same way."""
        self.put(obj.encode(encoding), filepath)


@contextmanager
def whole_file(path: Union[str, Path]) -> Iterator[IO[bytes]]:
    """Open a file to write, which gets its name when it is complete.

    Until then the former file stays, also if the disk is full.
    """
    path = Path(path)
    # No other writer has this name, and one of any length can get it.
    temporary = path.with_name(f'{path.name[-50:]}.{token_hex(4)}.tmp')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, 'wb') as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(
            f'cannot write {path}, what was there before is kept: {error}'
        ) from error
    finally:
        with suppress(OSError):  # it is renamed, or could not be made
            temporary.unlink()


def check_writable(path: Union[str, Path]) -> None:
    """Make the folder of a file, and raise an OSError if no file can be written."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f'cannot write {path}: it is a folder')
    path.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path.parent).close()


@contextmanager
def one_writer(folder: Union[str, Path]) -> Iterator[None]:
    """Make a folder, and be the only one to write to it, else a BlockingIOError.

    The lock, on its file ``.lock``, ends with the process, however that ends.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / '.lock', 'w') as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                f'another process writes to {folder}: wait for its end, or name '
                'another folder'
            ) from None
        except (ImportError, OSError):
            pass  # Windows and some file systems have no such locks
        _locks.add(lock)
        try:
            yield
        finally:
            _locks.remove(lock)


if hasattr(os, 'register_at_fork'):  # a child must not keep the lock of its parent
    os.register_at_fork(after_in_child=lambda: [lock.close() for lock in _locks])
