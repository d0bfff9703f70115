"""Read the files of a data set, and say where a mistake is."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional, Union

import mat4py
import numpy as np
from PIL import Image, UnidentifiedImageError


def read_lines(path: Union[str, Path]) -> Iterator[tuple[str, str]]:
    """Read a text file; yield where each line stands, for messages, and the line.

    Blank lines are passed over, and so is a byte-order mark.

    Args:
        path: File in UTF-8, with the line ends of any system.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no UTF-8 text.
    """
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except FileNotFoundError:
        raise FileNotFoundError(f'there is no file {path}') from None
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no UTF-8 text: {error}') from None
    # Not splitlines: names of files may have what Unicode holds for a line end.
    for number, line in enumerate(text.split('\n'), start=1):
        if line.strip():
            yield f'{path}, line {number}', line


def read_mat(
    path: Union[str, Path], names: Sequence[str], struct: Optional[str] = None
) -> list[tuple]:
    """Read variables of a MATLAB file that have one entry an image.

    Args:
        path: File.
        names: Names of the variables.
        struct: Name of the structure that they are fields of. Defaults to none.

    Returns:
        The values of all variables for each image.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no such file.
    """
    try:
        data = mat4py.loadmat(str(path))
        data = data[struct] if struct else data
        # Rows, columns and single entries come in different nestings.
        columns = [np.ravel(data[name]).tolist() for name in names]
        if len({len(column) for column in columns}) > 1:
            raise ValueError('variables of different lengths')
        return list(zip(*columns))
    except OSError:
        raise
    except Exception as error:  # the parser meets anything in a broken file
        raise ValueError(
            f'{path} must be a MATLAB file with {", ".join(names)} for each image, '
            f'got {error!r}'
        ) from error


class Files:
    """The files below a folder, where each one that is asked for must exist.

    Each subfolder is listed once, which is faster than to ask for every file.

    Args:
        root: The folder.
    """

    def __init__(self, root: Union[str, Path]) -> None:
        self.root = str(root)
        self._names: dict[str, set[str]] = {}

    def find(self, name: str, where: str) -> str:
        """Return the full path of a file.

        Args:
            name: Path below the folder.
            where: Where the name stands, for messages.

        Raises:
            ValueError: If there is no such file, or the path leads out of the folder.
        """
        if os.path.isabs(name) or '..' in name.split('/'):
            raise ValueError(f'{where}: {name} must be a path below {self.root}')
        path = os.path.join(self.root, name)
        folder, file = os.path.split(path)
        if folder not in self._names:
            found = os.listdir(folder) if os.path.isdir(folder) else []
            self._names[folder] = set(found)
        if file not in self._names[folder]:
            raise ValueError(f'{where}: there is no file "{path}"')
        return path


@contextmanager
def image_errors(path: str) -> Iterator[None]:
    """Name the image that the work on it fails by.

    Raises:
        ValueError: If the work raises whatever error.
    """
    try:
        yield
    except UnidentifiedImageError as error:  # names an object in memory
        raise ValueError(
            f'cannot read the image {path}: the file is empty or of no known format'
        ) from error
    except Exception as error:  # Pillow meets anything in a broken file
        raise ValueError(f'cannot read the image {path}: {error}') from error


def image_size(path: str) -> tuple[int, int]:
    """Width and height of an image in pixels, from its head.

    Raises:
        ValueError: If it is no readable image, or one of more pixels than Pillow reads.
    """
    with image_errors(path), Image.open(path) as image:
        return image.size


def check_once(name: str, where: str, seen: dict[str, str]) -> None:
    """Check that a name stands in a file only once.

    Args:
        name: Name of an image.
        where: Where the name stands, for messages.
        seen: Where the names before it stand; this one is added.

    Raises:
        ValueError: If it stands there twice.
    """
    if name in seen:
        raise ValueError(f'{where}: {name} stands there twice, first in {seen[name]}')
    seen[name] = where


def check_split(split: str, splits: Collection[str]) -> None:
    """Check that a data set has a split.

    Raises:
        ValueError: If it has not.
    """
    if split not in splits:
        raise ValueError(f'split must be one of {", ".join(splits)}, got {split!r}')


def check_label(label: int, num_classes: int, where: str) -> None:
    """Check a label from 0 of a file that counts the classes from 1.

    Raises:
        ValueError: If it lies outside; the message has the number in the file.
    """
    if not 0 <= label < num_classes:
        raise ValueError(
            f'{where}: the class must lie between 1 and {num_classes}, got {label + 1}'
        )
