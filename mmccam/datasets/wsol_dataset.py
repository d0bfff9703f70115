"""The metadata format of weakly supervised object localization benchmarks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Union

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS


@DATASETS.register_module()
class WSOLDataset(BaseDataset):
    """Images and boxes in the metadata format of Choe et al. (CVPR 2020).

    .. code-block:: text

        data_root/classes.txt                            name, or id<TAB>name
        data_root/images/...
        data_root/metadata/<split>/image_ids.txt         path
        data_root/metadata/<split>/class_labels.txt      path,label    (from 0)
        data_root/metadata/<split>/image_sizes.txt       path,width,height
        data_root/metadata/<split>/localization.txt      path,x0,y0,x1,y1

    Paths are relative to ``images``; boxes are in pixels of the original image, from
    0, several lines where an image has several. ``image_ids.txt`` says which images
    belong to the split, lines of other images are passed over. ``image_sizes.txt``
    only serves to check the boxes and may be missing; ``localization.txt`` is only
    read where the split is evaluated.

    Each sample has ``img_path``, ``gt_label`` and ``loc_boxes``, (n, 4), float32, none
    in training. The pipeline leaves these boxes alone.

    Args:
        data_root: Folder of the data set.
        split: Folder below ``metadata``. Defaults to ``train``.
        test_mode: Whether the split is evaluated, so that each image needs a box.
        **kwargs: Further arguments of mmpretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: If a file of the metadata is missing.
        ValueError: If a line is wrong, with file, line and value, or an image or a box
            is missing.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        test_mode: bool = False,
        **kwargs,
    ) -> None:
        self.split = split
        super().__init__(
            ann_file=f'metadata/{split}/image_ids.txt',
            data_root=data_root,
            data_prefix='images',
            test_mode=test_mode,
            **kwargs,
        )

    def full_init(self) -> None:
        """Read the names of the classes, then the images."""
        if not self._fully_initialized and self.CLASSES is None:
            self._metainfo['classes'] = read_classes(self.data_root)
        super().full_init()

    def load_data_list(self) -> list[dict]:
        """Load paths, labels and boxes."""
        folder = Path(self.ann_file).parent
        names = _read_images(Path(self.ann_file), Path(self.img_prefix))
        labels = _read_labels(folder / 'class_labels.txt', len(self.CLASSES))
        sizes = _read_sizes(folder / 'image_sizes.txt')
        localization = folder / 'localization.txt'
        boxes = _read_boxes(localization, sizes) if self.test_mode else {}
        data_list = []
        for name in names:
            if name not in labels:
                raise ValueError(
                    f'{folder / "class_labels.txt"} has no line for {name}'
                )
            if self.test_mode and name not in boxes:
                raise ValueError(
                    f'{localization} has no box for {name}, '
                    f'which the evaluation of the split {self.split} needs'
                )
            data_list.append(
                dict(
                    img_path=os.path.join(self.img_prefix, name),
                    gt_label=labels[name],
                    loc_boxes=np.array(boxes.get(name, []), np.float32).reshape(-1, 4),
                )
            )
        return data_list


def read_classes(data_root: Union[str, Path]) -> tuple[str, ...]:
    """Read the class names, the last column of each line of ``classes.txt``.

    Args:
        data_root: Folder of the data set.

    Raises:
        FileNotFoundError: If the file is missing.
    """
    text = Path(data_root, 'classes.txt').read_text(encoding='utf-8-sig')
    return tuple(line.split('\t')[-1] for line in text.splitlines() if line.strip())


def _read_lines(path: Path, columns: str) -> Iterator[tuple[str, list[str]]]:
    """Yield where each line stands, for messages, and its comma-separated fields."""
    width = columns.count(',') + 1
    try:
        text = path.read_text(encoding='utf-8-sig')  # passes over a byte-order mark
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no UTF-8 text: {error}') from None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split(',')
        if len(fields) != width:
            raise ValueError(
                f'{path}, line {number}: expected {width} columns, {columns}, '
                f'got {len(fields)}: "{line}"'
            )
        yield f'{path}, line {number}', fields


def _numbers(where: str, fields: list[str], kind: type) -> list:
    try:
        return [kind(field) for field in fields]
    except ValueError:
        expected = 'whole numbers' if kind is int else 'numbers'
        raise ValueError(f'{where}: expected {expected}, got {fields}') from None


def _read_images(path: Path, image_root: Path) -> dict[str, str]:
    """Read which images there are; each one must exist."""
    seen: dict[str, str] = {}
    files: dict[str, set[str]] = {}  # to list a folder is faster than to ask for each
    for where, (name,) in _read_lines(path, 'path'):
        if name in seen:
            raise ValueError(
                f'{where}: {name} stands there twice, first in {seen[name]}'
            )
        folder, file = os.path.split(image_root / name)
        if folder not in files:
            files[folder] = set(os.listdir(folder)) if os.path.isdir(folder) else set()
        if file not in files[folder]:
            raise ValueError(f'{where}: there is no image {image_root / name}')
        seen[name] = where
    if not seen:
        raise ValueError(f'{path} names no image')
    return seen


def _read_labels(path: Path, num_classes: int) -> dict[str, int]:
    labels: dict[str, int] = {}
    for where, (name, field) in _read_lines(path, 'path,label'):
        (label,) = _numbers(where, [field], int)
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{where}: the label must lie between 0 and {num_classes - 1}, '
                f'since classes.txt has {num_classes} classes, got {label}'
            )
        if name in labels:
            raise ValueError(f'{where}: {name} already has the label {labels[name]}')
        labels[name] = label
    return labels


def _read_sizes(path: Path) -> dict[str, tuple[int, int]]:
    if not path.exists():
        return {}
    return {
        name: tuple(_numbers(where, fields, int))
        for where, (name, *fields) in _read_lines(path, 'path,width,height')
    }


def _read_boxes(
    path: Path, sizes: dict[str, tuple[int, int]]
) -> dict[str, list[list[float]]]:
    boxes: dict[str, list[list[float]]] = {}
    for where, (name, *fields) in _read_lines(path, 'path,x0,y0,x1,y1'):
        x0, y0, x1, y1 = box = _numbers(where, fields, float)
        if not (x0 <= x1 and y0 <= y1):
            raise ValueError(f'{where}: the box is reversed or not a number: {fields}')
        # Some published boxes end behind the last pixel, at the width or height itself.
        width, height = sizes.get(name, (np.inf, np.inf))
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            raise ValueError(
                f'{where}: the box {fields} lies outside the image of '
                f'{width} x {height} pixels'
            )
        boxes.setdefault(name, []).append(box)
    return boxes
