"""The text files of the metadata format: read and checked, or written."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from ..boxes import check_boxes
from .files import Files, check_once, image_size, read_lines, reportable, write_lines

BOXES = 'path,x0,y0,x1,y1'
MASKS = 'path,mask_path,ignore_path'


def read_classes(
    data_root: Union[str, Path], num_classes: Optional[int] = None
) -> tuple[str, ...]:
    """Read the class names, the last column of each line of ``classes.txt``.

    Numbers in the first of several columns, 0 … K - 1 or 1 … K, order the names; other
    ids do not. Without the file the classes are called ``0``, ``1``, … up to their
    number.
    """
    path = Path(data_root, 'classes.txt')
    if not path.exists():
        if num_classes is None:
            raise FileNotFoundError(
                f'there is no {path}, so that num_classes must be given'
            )
        return tuple(str(label) for label in range(num_classes))
    names = _class_names(path)
    if not names:
        raise ValueError(f'{path} names no class')
    if num_classes not in (None, len(names)):
        raise ValueError(
            f'num_classes must be {len(names)}, the number of classes in {path}, '
            f'got {num_classes}'
        )
    return names


def _class_names(path: Path) -> tuple[str, ...]:
    """The names in the order of their numbers, or of the lines if these have none."""
    rows = [(where, line.split('\t')) for where, line in read_lines(path)]
    is_numbered = any(len(row) > 1 and row[0].isdecimal() for _, row in rows)
    ids, names = {}, {}
    for where, row in rows:
        if not is_numbered:  # ids may tell classes of one name apart
            check_once(row[0], where, ids)
            continue
        if len(row) < 2 or not row[-1]:
            raise ValueError(f'{where}: expected number and name, got {row}')
        check_once(*_numbers(where, row[:1], int), where, ids)
        check_once(row[-1], where, names)
    if not is_numbered:
        return tuple(row[-1] for _, row in rows)
    for expected, number in enumerate(sorted(ids), int(0 not in ids)):
        if number != expected:
            raise ValueError(
                f'{ids[number]}: the classes must be numbered from 0 or 1 without a '
                f'gap, got {number} instead of {expected}'
            )
    return tuple(name for _, name in sorted(zip(ids, names)))


def read_images(path: Path, images: Files) -> dict[str, str]:
    """Read ``image_ids.txt``: the full path of each image below a folder."""
    paths = _read_values(path, 'path', images.find)
    if not paths:
        raise ValueError(f'{path} names no image')
    return {name: path for name, path in paths.items() if path is not None}


def read_labels(path: Path, num_classes: int) -> dict[str, Optional[int]]:
    """Read ``class_labels.txt``: the label of each image, from 0."""

    def check(_: str, where: str, field: str) -> int:
        (label,) = _numbers(where, [field], int)
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{where}: the label must lie between 0 and {num_classes - 1}, '
                f'since there are {num_classes} classes, got {label}'
            )
        return label

    return _read_values(path, 'path,label', check)


def read_sizes(path: Path) -> dict[str, Optional[tuple[int, int]]]:
    """Read ``image_sizes.txt``, which may be missing: width and height in pixels."""

    def check(_: str, where: str, *fields: str) -> tuple[int, int]:
        size = _numbers(where, fields, int)
        if min(size) < 1:
            raise ValueError(
                f'{where}: width and height must be at least 1, got {list(fields)}'
            )
        return tuple(size)

    return _read_values(path, 'path,width,height', check) if path.exists() else {}


def read_localization(
    path: Path, images: dict[str, str], sizes: dict[str, tuple], masks: Files
) -> dict[str, dict]:
    """Read ``localization.txt``: the fields of each image with boxes or with masks.

    The first line says which. ``images`` has the full paths of the split's images. A
    size that is not in ``sizes`` is read from the image.
    """
    found: dict[str, dict] = {}
    for where, (name, *fields) in _read_rows(path, BOXES, MASKS):
        if name not in images:
            continue
        first = name not in found
        if len(fields) == 4:
            boxes = found.setdefault(name, dict(loc_boxes=[]))['loc_boxes']
            with reportable():
                size = sizes.get(name) or image_size(images[name])
                box = _numbers(where, fields, float)
                boxes.extend(check_boxes(box, size, where).tolist())
            continue
        mask, ignore = fields
        info = found.setdefault(name, dict(loc_masks=[], loc_ignore=None))
        with reportable():
            if ignore and not first:
                raise ValueError(
                    f'{where}: only the first line of {name} may have an ignore mask, '
                    f'got {ignore}'
                )
            if ignore:
                info['loc_ignore'] = masks.find(ignore, where)
        with reportable():
            info['loc_masks'].append(masks.find(mask, where))
    return found


def write_split(folder: Path, rows: list[tuple[str, int, tuple, tuple]]) -> None:
    """Write the files of a split from path, label, (width, height) and place of images.

    The place is a box, or the paths of a mask and its ignore mask.
    """
    files = dict(
        image_ids=[(name,) for name, *_ in rows],
        class_labels=[(name, label) for name, label, *_ in rows],
        image_sizes=[(name, *size) for name, _, size, _ in rows],
        localization=[(name, *place) for name, _, _, place in rows],
    )
    for file, lines in files.items():
        path = folder / f'{file}.txt'
        write_lines(path, [','.join(map(str, fields)) for fields in lines])


def _read_values(
    path: Path, columns: str, parse: Callable[..., Any]
) -> dict[str, Optional[Any]]:
    """Read what ``parse`` makes of each line, or None where a problem was reported."""
    listed: dict[Path, str] = {}
    values = {}
    for where, (name, *fields) in _read_rows(path, columns):
        with reportable():
            check_once(Path(name), where, listed)
            values[name] = None
            values[name] = parse(name, where, *fields)
    return values


def _read_rows(path: Path, *formats: str) -> Iterator[tuple[str, list[str]]]:
    """Yield place and fields of each line; the first line chooses the format."""
    for where, line in read_lines(path):
        fields = line.split(',')
        fitting = [names for names in formats if names.count(',') == len(fields) - 1]
        with reportable():
            if not fitting:
                expected = ' or '.join(f'"{names}"' for names in formats)
                raise ValueError(f'{where}: expected {expected}, got "{line}"')
            formats = fitting
            yield where, fields


def _numbers(where: str, fields: Sequence[str], kind: type) -> list:
    try:
        return [kind(field) for field in fields]
    except ValueError:
        expected = 'whole numbers' if kind is int else 'numbers'
        raise ValueError(f'{where}: expected {expected}, got {list(fields)}') from None
