"""Read the files of data sets, and name the place of a mistake."""

import json
import os
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from reprlib import repr as shorten
from typing import Any, Optional, Union
from xml.etree import ElementTree

import cv2
import mat4py
import numpy as np
from PIL import Image

from ..boxes import clip_boxes
from ..pixels import check_regular, image_errors

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')  # of a box in XML
# The parts of a JSON file.
NUMBER = (int, float)
FORMS = {dict: 'an object', list: 'a list', str: 'a text', NUMBER: 'a number'}
FORMS |= {(list, dict): 'a list', int: 'a whole number', bool: 'true or false'}
Report = Callable[[str], None]  # called with one sentence for each problem
_report: ContextVar[Optional[Report]] = ContextVar('report', default=None)


@contextmanager
def report_problems(report: Report) -> Iterator[None]:
    """Let data sets that are read meanwhile report their problems and go on.

    What they then hold is good for checks alone: fields of wrong lines are missing.
    """
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


@contextmanager
def reportable() -> Iterator[None]:
    """Raise an OSError or ValueError of one line or file, or report it if asked to."""
    try:
        yield
    except (OSError, ValueError) as error:
        report = _report.get()
        if report is None:
            raise
        report(str(error))


def read_lines(path: Union[str, Path]) -> Iterator[tuple[str, str]]:
    """Read a text file; yield the place of each line, for messages, and the line.

    Blank lines, a byte-order mark and the kind of line ends do not matter.
    """
    check_regular(path)
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no UTF-8 text: {error}') from None
    # Not splitlines: names of files may have what Unicode holds for a line end.
    for number, line in enumerate(text.split('\n'), start=1):
        if line.strip():
            yield f'{path}, line {number}', line


def read_json(path: Union[str, Path], form: Any = object) -> Any:
    """Read a JSON file, and check its form, else a ValueError names the field.

    A form is one of ``FORMS``, a list with the form of all entries, or a dictionary
    with the form of each key; the key ``str`` stands for all.
    """
    check_regular(path)
    try:
        value = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path} is no readable JSON: {error}') from None
    check_form(value, form, f'{path}')
    return value


def check_form(value: Any, form: Any, where: str) -> None:
    """Check the form of a part of a file, as :func:`read_json` does."""
    kind = type(form) if isinstance(form, (dict, list)) else form
    # Python holds True for a whole number.
    if not isinstance(value, kind) or kind is int and isinstance(value, bool):
        raise ValueError(f'{where} must be {FORMS[kind]}, got {shorten(value)}')
    if isinstance(form, list):
        for number, entry in enumerate(value):
            check_form(entry, form[0], f'{where}, entry {number}')
    if isinstance(form, dict):
        for key in value if str in form else form:
            if key not in value:
                raise ValueError(f'{where} has no "{key}"')
            check_form(value[key], form.get(str) or form[key], f'{where}, "{key}"')


def write_lines(path: Path, lines: list[str]) -> None:
    """Write a text file, in UTF-8 and with the same bytes on any system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(''.join(f'{line}\n' for line in lines).encode())


class Files:
    """The files below a folder, where each one that is asked for must exist.

    Each subfolder is listed once, which is faster than to ask for every file.
    """

    def __init__(self, root: Union[str, Path]) -> None:
        self.root = str(root)
        self._names: dict[str, set[str]] = {}
        self._listed: dict[str, str] = {}

    def find(self, name: str, where: str) -> str:
        """Return the full path of a file; ``where`` is the place of its name."""
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

    def find_once(self, name: str, where: str) -> str:
        """Return the full path of a file that may be listed only once."""
        check_once(Path(name), where, self._listed)
        return self.find(name, where)


def check_once(name: Hashable, where: str, listed: dict) -> None:
    """Check that a name is not among those listed before, and add it with its place."""
    if name in listed:
        raise ValueError(f'{where}: {name} is listed twice, first in {listed[name]}')
    listed[name] = where


def check_split(split: str, splits: Collection[str]) -> None:
    """Raise a ValueError if a data set does not have a split."""
    if split not in splits:
        raise ValueError(f'split must be one of {", ".join(splits)}, got {split!r}')


def check_class(number: int, num_classes: int, where: str) -> int:
    """Turn the number of a class, from 1, into its label, from 0."""
    if not 1 <= number <= num_classes:
        limits = f'between 1 and {num_classes}'
        raise ValueError(f'{where}: the class must lie {limits}, got {number}')
    return number - 1


def image_size(path: str, or_unknown: bool = False) -> tuple[float, float]:
    """Width and height of an image in pixels, from its header.

    ``or_unknown`` makes an image infinitely large that only the pipeline may refuse.
    """
    try:
        with image_errors(path), Image.open(path) as image:
            return image.size
    except ValueError:
        if or_unknown:
            return np.inf, np.inf
        raise


def read_mask(
    path: str, image: str, image_shape: tuple[int, int], scaled: bool = False
) -> np.ndarray:
    """Read where a mask is not 0, (H, W), bool, whatever its EXIF orientation.

    It must have the size of ``image``, (H, W) in pixels; ``scaled``, the same shape.
    """
    check_regular(path)
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        mask = cv2.imread(path, flags)
    except cv2.error:  # more pixels than OpenCV reads
        mask = None
    if mask is None:
        raise ValueError(f'cannot read the mask {path}')
    height, width = expected = image_shape
    if scaled:
        scale = max(mask.shape) / max(expected)
        expected = (round(height * scale), round(width * scale))
    if np.abs(np.subtract(mask.shape, expected)).max() > scaled:
        raise ValueError(
            f'the mask {path} has {mask.shape[1]} x {mask.shape[0]} pixels, '
            f'its image {image} {width} x {height}'
        )
    return mask > 0


def read_mat(
    path: Union[str, Path], names: Sequence[str], struct: Optional[str] = None
) -> list[tuple]:
    """Read variables of a MATLAB file, or fields of its ``struct``: a row an image."""
    check_regular(path)
    try:
        data = mat4py.loadmat(str(path))
        data = data[struct] if struct else data
        # Rows, columns and single entries come in different nestings.
        columns = [np.ravel(data[name]).tolist() for name in names]
        if len({len(column) for column in columns}) > 1:
            raise ValueError('variables of different lengths')
        return list(zip(*columns))
    except Exception as error:  # the parser raises anything at a broken file
        raise ValueError(
            f'{path} must be a MATLAB file with {", ".join(names)} for each image, '
            f'got {error!r}'
        ) from error


def read_xml(path: Union[str, Path]) -> tuple[list[str], np.ndarray]:
    """Read an annotation in the XML of Pascal VOC, whose corners count from 0.

    Returns:
        Name of each object and their boxes, (n, 4), float32, clipped to the image.
    """
    check_regular(path)
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
