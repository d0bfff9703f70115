"""Classes of images that are known before, by their folders or by a list; own names."""

import os
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Optional, Union

from ..pixels import check_regular
from ..structures import relative_path
from .images import Image, is_video, path_of


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
        return lambda path: _label(_folder_name(path), classes, path)
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


def check_labels(label_of: Callable[[str], int], images: Iterable[Image]) -> None:
    """Raise a ValueError if an image that is known before has no class."""
    if isinstance(images, list):
        for image in images:
            if not is_video(image):  # a list has its frames
                label_of(path_of(image))


class ClassNames:
    """Class names of a user's own, in place of the network's.

    Args:
        named: ``folder``, for the names of the images' folders, or one name for all.
        images: All images.

    Raises:
        ValueError: If the folders of the images are not known before.
    """

    def __init__(self, named: str, images: Iterable[Image]) -> None:
        self.is_of_folders, names = named == 'folder', {named}
        if self.is_of_folders:
            if not isinstance(images, list):
                raise ValueError(
                    'class names by folder need a list of images, not an iterator: '
                    'give a list, or one name'
                )
            names = {_folder_name(path_of(image)) for image in images}
        self.names = sorted(names)

    def rename(self, result: dict) -> None:
        """Replace the classes in a result."""
        name = self.names[0]
        if self.is_of_folders:
            name = _folder_name(result['img_path'])
        for one in result['predictions']:
            one.update(label=self.names.index(name), class_name=name)


def _folder_name(path: Optional[str]) -> str:
    if path is None:
        raise ValueError('an array has no folder whose name could be its class')
    return Path(os.path.abspath(path)).parent.name


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
    raise ValueError(
        f'{where}: there is no class "{name}"{hint}; for names of your own there is '
        'class_names'
    )
