"""Files that are complete or not there, and folders with one writer."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Union

_locks: set[IO] = set()


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
def one_writer(folder: Union[str, Path], name: str = '.lock') -> Iterator[None]:
    """Make a folder, and be the only one to write to it, else a BlockingIOError.

    The lock, on its file of that name, ends with the process, however that ends. The
    file is removed, unless the process is killed.
    """
    path = Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path) as lock:
        _locks.add(lock)
        try:
            yield
        finally:
            _locks.remove(lock)
            if not lock.closed:  # as in a child
                with suppress(OSError):  # Windows removes no open file
                    path.unlink()


def _lock(path: Path) -> IO:
    """Open a file, and lock it."""
    while True:
        lock = open(path, 'w')
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise BlockingIOError(
                f'another process writes to {path.parent}: wait for its end, or name '
                'another folder'
            ) from None
        except (ImportError, OSError):
            return lock  # Windows and some file systems have no such locks
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock.fileno()), os.stat(path)):
                return lock
        lock.close()  # its file was removed since it was opened


if hasattr(os, 'register_at_fork'):  # a child must not keep the lock of its parent
    os.register_at_fork(after_in_child=lambda: [lock.close() for lock in _locks])
