"""Results in the formats that other programs read, one function each.

Each gets the folder of results, all results with the names of their images, and the
names of the classes, or None. It reads the results one by one, as often as it needs, so
that a million of them need no memory. Files are complete or not there.
"""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Optional, Union
from urllib.parse import quote
from xml.etree import ElementTree

from ..boxes import to_xywh
from ..whole_files import whole_file
from .lines import Lines

Names = Optional[Sequence[str]]
COLUMNS = (
    *('image', 'width', 'height', 'label', 'class_name', 'score'),
    *('x0', 'y0', 'x1', 'y1', 'error'),
)


def write_json(folder: Path, results: Lines, names: Names) -> None:
    """Write ``predictions.json``: a list of the results, one a line."""
    with whole_file(folder / 'predictions.json') as file:
        _write_list(file, (result for _, result in results))


def write_csv(folder: Path, results: Lines, names: Names) -> None:
    """Write ``predictions.csv``: a line for each box, and for each skipped image.

    Boxes are as in all results: pixels from 0, both ends inside.
    """
    with whole_file(folder / 'predictions.csv') as file:
        text = io.StringIO(newline='')
        writer = csv.writer(text, lineterminator='\n')
        writer.writerow(COLUMNS)
        for _, result in results:
            image = [result['img_path'], result.get('width'), result.get('height')]
            for one in result.get('predictions', ()):
                found = [one[key] for key in ('label', 'class_name', 'score')]
                writer.writerow([*image, *found, *map(_plain, one['box']), None])
            if 'error' in result:
                writer.writerow([*image, *[None] * 7, result['error']])
            file.write(_encode(text.getvalue()))
            text.seek(0)
            text.truncate()


def write_coco(folder: Path, results: Lines, names: Names) -> None:
    """Write ``coco.json``, a data set, and ``coco_results.json``, its detections.

    An image's id is its place in the results, from 0; a category's is its label. A
    ``bbox`` is x, y, width, height, where a width counts the pixels.
    """
    images = (
        dict(id=i, file_name=name, width=result['width'], height=result['height'])
        for i, (name, result) in enumerate(results)
        if 'predictions' in result
    )
    categories = (
        dict(id=i, name=name) for i, name in enumerate(class_names(results, names))
    )
    # COCO's own evaluation reads an id of 0 as "no annotation".
    annotations = (
        dict(box, id=i, area=box['bbox'][2] * box['bbox'][3], iscrowd=0)
        for i, box in enumerate(_coco_boxes(results), start=1)
    )
    parts = dict(images=images, categories=categories, annotations=annotations)
    with whole_file(folder / 'coco.json') as file:
        file.write(b'{"info": {}')
        for key, entries in parts.items():
            file.write(f',\n"{key}": '.encode())
            _write_list(file, entries)
        file.write(b'}\n')
    with whole_file(folder / 'coco_results.json') as file:
        _write_list(file, _coco_boxes(results))


def _coco_boxes(results: Lines) -> Iterator[dict]:
    for number, (_, result) in enumerate(results):
        for one in result.get('predictions', ()):
            box = dict(image_id=number, category_id=one['label'])
            yield dict(box, bbox=to_xywh(one['box']), score=one['score'])


def write_yolo(folder: Path, results: Lines, names: Names) -> None:
    """Write ``yolo/labels/<image>.txt``, ``yolo/data.yaml`` and ``yolo/classes.txt``.

    A line is label, centre x, y, width and height, as fractions of the image's. A width
    counts the pixels from the first to the last: x1 - x0 + 1. ``yolo/images`` has links
    to the images, where the system has links. They are one by one: readers look for
    labels beside the folder that a link leads to.
    """
    with _whole_folder(folder / 'yolo') as temporary:
        for name, result in results:
            if 'predictions' not in result:
                continue
            lines = ''
            for one in result['predictions']:
                x, y, width, height = _fractions(one['box'], result)
                box = (x + width / 2, y + height / 2, width, height)
                lines += f'{one["label"]} {" ".join(f"{v:.9g}" for v in box)}\n'
            path = _replaced_suffix(temporary / 'labels', name, '.txt')
            path.write_bytes(lines.encode())
            _link(temporary / 'images' / name, result['img_path'])
        known = class_names(results, names)
        texts = {
            'classes.txt': [*known, ''],
            'data.yaml': [
                *('train: images', 'val: images', 'names:'),
                *(f'  {label}: {_dump(name)}' for label, name in enumerate(known)),
                '',
            ],
        }
        for name, lines in texts.items():
            (temporary / name).write_bytes(_encode('\n'.join(lines)))


def _link(link: Path, image: Optional[str]) -> None:
    """Make a link to the file of an image, if it has one."""
    if image is not None and os.path.isfile(image):
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError, NotImplementedError):
            os.symlink(os.path.abspath(image), link)


def _fractions(box: Sequence[float], result: dict) -> list[float]:
    """First corner and size of a box as fractions of its image."""
    sides = (result['width'], result['height']) * 2
    return [value / side for value, side in zip(to_xywh(box), sides)]


def write_voc(folder: Path, results: Lines, names: Names) -> None:
    """Write ``voc/Annotations/<image>.xml``, as the devkit of Pascal VOC has them.

    Boxes are whole pixels from 1, both ends inside: the first pixel is 1.
    """
    with _whole_folder(folder / 'voc') as temporary:
        for name, result in results:
            if 'predictions' not in result:
                continue
            parent, _, file = name.rpartition('/')
            root = ElementTree.Element('annotation')
            size = dict(width=result['width'], height=result['height'], depth=3)
            entries = [('folder', parent), ('filename', file), ('size', size)]
            for one in result['predictions']:
                corners = [round(value) + 1 for value in one['box']]
                box = dict(zip(('xmin', 'ymin', 'xmax', 'ymax'), corners))
                kind = dict(name=one['class_name'], pose='Unspecified', truncated=0)
                entries.append(('object', dict(kind, difficult=0, bndbox=box)))
            for key, value in entries:
                _add_element(root, key, value)
            path = _replaced_suffix(temporary / 'Annotations', name, '.xml')
            ElementTree.indent(root)
            path.write_bytes(_encode(f'{ElementTree.tostring(root, "unicode")}\n'))


def _add_element(parent: ElementTree.Element, key: str, value: Any) -> None:
    element = ElementTree.SubElement(parent, key)
    if isinstance(value, dict):
        for name, part in value.items():
            _add_element(element, name, part)
    else:
        # What XML cannot hold.
        element.text = ''.join(c if c >= ' ' else '?' for c in str(value))


def write_labelstudio(folder: Path, results: Lines, names: Names) -> None:
    """Write ``labelstudio.json``, tasks with predictions, and ``labelstudio.xml``.

    The second is the labeling interface. Boxes are in percent of the image. Images are
    in Label Studio's local storage, whose root is the common folder of all images.
    """
    with whole_file(folder / 'labelstudio.json') as file:
        tasks = (_task(*one) for one in results if 'predictions' in one[1])
        _write_list(file, tasks)
    view = ElementTree.Element('View')
    ElementTree.SubElement(view, 'Image', name='image', value='$image')
    of_image = dict(name='label', toName='image')
    labels = ElementTree.SubElement(view, 'RectangleLabels', of_image)
    for name in class_names(results, names):
        ElementTree.SubElement(labels, 'Label', value=name)
    ElementTree.indent(view)
    with whole_file(folder / 'labelstudio.xml') as file:
        file.write(_encode(f'{ElementTree.tostring(view, "unicode")}\n'))


def _task(name: str, result: dict) -> dict:
    boxes = []
    for number, one in enumerate(result['predictions']):
        percent = [100 * value for value in _fractions(one['box'], result)]
        value = dict(zip(('x', 'y', 'width', 'height'), percent), rotation=0)
        size = dict(original_width=result['width'], original_height=result['height'])
        of_what = dict(from_name='label', to_name='image', type='rectanglelabels')
        value['rectanglelabels'] = [one['class_name']]
        found = dict(id=str(number), score=one['score'], image_rotation=0, value=value)
        boxes.append(dict(found, **size, **of_what))
    score = result['predictions'][0]['score']
    prediction = dict(model_version='mmccam', score=score, result=boxes)
    path = f'/data/local-files/?d={quote(os.fsencode(name))}'
    return dict(data=dict(image=path), predictions=[prediction])


FORMATS: dict[str, Callable[[Path, Lines, Names], None]] = dict(
    json=write_json,
    coco=write_coco,
    csv=write_csv,
    labelstudio=write_labelstudio,
    voc=write_voc,
    yolo=write_yolo,
)


def class_names(results: Lines, names: Names) -> list[str]:
    """The names of all classes; where there are none, numbers up to the largest."""
    if names is not None:
        return list(names)
    found = (one['label'] for _, r in results for one in r.get('predictions', ()))
    return list(map(str, range(1 + max(found, default=-1))))


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder of files that replaces the former one when all of them are there."""
    temporary = folder.with_name(f'{folder.name}.tmp')
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)


def _replaced_suffix(folder: Path, name: str, suffix: str) -> Path:
    """A path that no other image has, and its folder."""
    stem, former = os.path.splitext(name)
    # Frames are video.mp4#000012.
    path = folder / f'{name if "#" in former else stem}{suffix}'
    if path.exists():
        raise ValueError(
            f'two images would have one file {path.name}, the second is {name}: '
            'their names must differ without the suffix, too'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_list(file: IO[bytes], entries: Iterable[dict]) -> None:
    file.write(b'[')
    for index, entry in enumerate(entries):
        file.write(_encode(f'{"," if index else ""}\n{_dump(entry)}'))
    file.write(b'\n]\n')


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encode(text: str) -> bytes:
    # A path that is not UTF-8 has its bytes as JSON escapes them.
    return text.encode(errors='backslashreplace')


def _plain(value: float) -> Union[int, float]:
    return int(value) if value == int(value) else value
