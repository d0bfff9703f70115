"""Read the files of a data set, and say where a mistake is."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Optional, Union
from xml.etree import ElementTree

import mat4py
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..boxes import clip_boxes

_report: ContextVar[Optional[Callable[[str], None]]] = ContextVar(
    'report', default=None
)


@contextmanager
def report_problems(report: Callable[[str], None]) -> Iterator[None]:
    """Have the data sets that are read meanwhile report their problems and go on.

    What they then hold is good for checks alone: fields of wrong lines are missing.

    Args:
        report: Called with one sentence for each problem.
    """
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


@contextmanager
def reportable() -> Iterator[None]:
    """Do the work on one line, image or file, whose error is raised or reported.

    Raises:
        OSError: As the work does, outside of :func:`report_problems`.
        ValueError: Likewise.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        report = _report.get()
        if report is None:
            raise
        report(str(error))


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


CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def clip_to_image(
    box: np.ndarray, path: str, where: str, test_mode: bool
) -> np.ndarray:
    """Clip a box to the pixels of an image, whose head is read for that.

    Args:
        box: First and last column and row, from 0, (4,).
        path: The image.
        where: Where the box stands, for messages.
        test_mode: Whether an image that cannot be read is an error here. In training,
            the pipeline decides on it, and the box stays as it is.

    Returns:
        Box that ends at the last pixel, (1, 4), float32.

    Raises:
        ValueError: If the box is reversed or outside, or the image cannot be read.
    """
    try:
        size = image_size(path)
    except ValueError:
        if test_mode:
            raise
        size = (np.inf, np.inf)
    return clip_boxes(box, size, where)


def read_xml(path: Union[str, Path]) -> tuple[list[str], np.ndarray]:
    """Read an annotation in the XML of Pascal VOC with ImageNet's corners, from 0.

    Args:
        path: File.

    Returns:
        Name of each object and their boxes, (n, 4), float32, clipped to the image.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no such file, names no object or has a wrong box.
    """
    try:
        root = ElementTree.parse(path).getroot()
        size = int(root.findtext('size/width')), int(root.findtext('size/height'))
        objects = root.findall('object')
        names = [item.findtext('name').strip() for item in objects]
        boxes = [
            [float(item.findtext(f'bndbox/{corner}')) for corner in CORNERS]
            for item in objects
        ]
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} must be XML with the size of the image and a name and a bndbox '
            f'for each object, got {error!r}'
        ) from error
    if not names:
        raise ValueError(f'{path} names no object')
    return names, clip_boxes(boxes, size, str(path))
