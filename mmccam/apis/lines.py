"""The lines of results that were written, and the names of their images."""

import glob
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ..structures import relative_path
from .images import File, Images

LINES = 'predictions.jsonl'
LONGEST_NAME = 250  # bytes without a suffix: file systems have 255


class Lines:
    """Results that were written, each with its name; they are read at each iteration.

    Args:
        folder: The folder of results.
        root: Folder that the names of images are relative to.
    """

    def __init__(self, folder: File, root: str) -> None:
        self.folder, self.root = folder, root

    def __iter__(self) -> Iterator[tuple[str, dict]]:
        for index, result in enumerate(read_results(self.folder)):
            yield result_name(result['img_path'], index, self.root), result


def read_results(folder: File) -> Iterator[dict]:
    """Read the results that a folder has in their lines, one by one."""
    with open(Path(folder, LINES), 'rb') as file:
        for line in file:
            yield json.loads(line)


def result_name(path: Optional[str], index: int, root: str) -> str:
    """Name the files of an image's result: its path below the folder ``root``.

    Other images have their complete path, addresses a path that begins with the host,
    arrays (``path`` is None) their number. Names that leave no room for a suffix are
    cut, and end with a checksum.
    """
    if path is None:
        return f'{index:06d}'
    if '://' in path:
        parts = path.partition('://')[2].replace('\\', '/').split('/')
        return '/'.join(_cut(part) for part in parts if part.strip('.'))
    path = Path(os.path.abspath(path))
    root = root if Path(root) in path.parents else path.anchor
    folder, slash, name = relative_path(dict(img_path=str(path)), root).rpartition('/')
    return folder + slash + _cut(name)


def _cut(name: str) -> str:
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST_NAME:
        return name
    return f'{os.fsdecode(encoded[:200])}-{hashlib.sha256(encoded).hexdigest()[:16]}'


def common_folder(inputs: Images) -> str:
    """The folder that all named images have in common."""
    folders = [_folder(name) for name in paths_of(inputs) if '://' not in name]
    return os.path.commonpath(folders) if folders else os.getcwd()


def paths_of(inputs: Images) -> list[str]:
    """The paths among the images as the user has named them."""
    inputs = [inputs] if isinstance(inputs, (str, Path)) else inputs
    known = inputs if isinstance(inputs, (list, tuple)) else ()
    return [str(one) for one in known if isinstance(one, (str, Path))]


def _folder(name: str) -> str:
    """The folder that a file, a folder or a pattern names."""
    while glob.has_magic(name) and not os.path.exists(name):
        name = os.path.dirname(name)
    path = os.path.abspath(name)
    return path if os.path.isdir(path) else os.path.dirname(path)
