"""Classes of images that are known before, by their folders or by a list."""

import os
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Optional, Union

from ..pixels import check_regular
from ..structures import relative_path


def read_labels(
    labels: Union[str, Path], classes: Optional[Sequence[str]], root: str
) -> Callable[[str], int]:
    """Read what the class of each image is; the result gives it for a path.

    Args:
        labels: ``folder``, where the name of an image's folder is its class; or a file
            with a line ``path,class`` for each image. Its paths are relative to
            ``root``, absolute, or as the images are named. Classes are names or
            numbers from 0.
        classes: Names of the classes, if they have names.
        root: The common folder of the images.

    Raises:
        ValueError: If a class is unknown, or later an image has none.
    """
    if str(labels) == 'folder':
        return lambda path: _label(Path(path).parent.name, classes, path)
    check_regular(labels)
    known = {}
    for number, line in enumerate(Path(labels).read_text('utf-8-sig').splitlines(), 1):
        path, comma, name = line.rpartition(',')
        if line.strip():
            where = f'{labels}, line {number}'
            if not comma:
                raise ValueError(f'{where} must be path,class, got {line!r}')
            known[path.strip()] = _label(name.strip(), classes, where)

    def label_of(path: str) -> int:
        below = relative_path(dict(img_path=path), root)
        for name in (path, below, os.path.abspath(path)):
            if name in known:
                return known[name]
        raise ValueError(f'{labels} has no class for the image {path}')

    return label_of


def _label(name: str, classes: Optional[Sequence[str]], where: str) -> int:
    """The number of a class, of which the name or the number is given."""
    found = [label for label, known in enumerate(classes or ()) if known == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f'{where}: several classes are called "{name}": give the number, one of '
            f'{found}'
        )
    if name.isdecimal() and (classes is None or int(name) < len(classes)):
        return int(name)
    close = get_close_matches(name, classes or ())
    hint = f'; perhaps it is {" or ".join(close)}' if close else ''
    raise ValueError(f'{where}: there is no class "{name}"{hint}')
