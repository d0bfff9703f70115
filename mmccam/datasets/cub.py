"""CUB-200-2011 with its bounding boxes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from mmpretrain.datasets import CUB as CUBClassification

from ..registry import DATASETS
from .files import (
    Files,
    check_label,
    check_once,
    check_split,
    clip_to_image,
    read_lines,
    reportable,
)

SPLITS = ('test', 'train')  # as train_test_split.txt numbers them


@DATASETS.register_module()
class CUB(CUBClassification):
    """mmpretrain's CUB with the box of each image, in its original folder layout.

    Each sample also has ``loc_boxes``, (1, 4): x0, y0, x1, y1 in pixels of the original
    image. The pipeline leaves them alone.

    Args:
        data_root: The folder ``CUB_200_2011``.
        split: ``train`` or ``test``. Defaults to ``train``.
        **kwargs: Further arguments of mmpretrain's ``CUB``.

    Raises:
        FileNotFoundError: If a file of the annotations is missing.
        ValueError: If the split or a line is wrong, or an image or one of its lines is
            missing; the message has the file.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, SPLITS[::-1])
        super().__init__(data_root, split, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Load paths, labels and boxes."""
        root = Path(self.data_root)
        names = _Lines(root / 'images.txt', 'path', 'path', str)
        splits = _Lines(root / 'train_test_split.txt', 'split', '0|1', ('0', '1').index)
        labels = _Lines(root / 'image_class_labels.txt', 'class', 'class', int)
        boxes = _Lines(root / 'bounding_boxes.txt', 'box', 'x y width height', _floats)
        images = Files(self.img_prefix)
        seen: dict[str, str] = {}
        data_list = []
        for number, (name, where) in names.found.items():
            with reportable():
                check_once(name, where, seen)
                split, _ = splits.find(number, name)
                if SPLITS[split] != self.split:
                    continue
                path = images.find(name, where)
                info = dict(img_path=path)
                data_list.append(info)
                with reportable():
                    label, where = labels.find(number, name)
                    check_label(label - 1, len(self.CLASSES), where)
                    info['gt_label'] = label - 1
                box, where = boxes.find(number, name)
                corners = _to_corners(box, where)
                info['loc_boxes'] = clip_to_image(corners, path, where, self.test_mode)
        return data_list


class _Lines:
    """The lines of a file that start with the number of an image.

    Args:
        path: File.
        what: What the file has for each image, for messages.
        columns: What stands behind the number, likewise.
        parse: Makes a value of these columns.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If a line is wrong, or an image has two.
    """

    def __init__(self, path: Path, what: str, columns: str, parse: Callable) -> None:
        self.path, self.what = path, what
        self.found: dict[int, tuple] = {}
        for where, line in read_lines(path):
            with reportable():
                try:
                    number, *fields = line.split()
                    number, value = int(number), parse(*fields)
                except (TypeError, ValueError):
                    raise ValueError(
                        f'{where}: expected "id {columns}", got "{line}"'
                    ) from None
                if number in self.found:
                    raise ValueError(f'{where}: the image {number} already has a line')
                self.found[number] = value, where

    def find(self, number: int, name: str) -> tuple:
        """Return the value of an image and where it stands.

        Raises:
            ValueError: If there is none.
        """
        if number not in self.found:
            raise ValueError(f'{self.path} has no {self.what} for the image {name}')
        return self.found[number]


def _to_corners(box: np.ndarray, where: str) -> np.ndarray:
    first, size = box[:2], box[2:]
    if not (np.isfinite(box).all() and first.min() >= 0 < size.min()):
        raise ValueError(f'{where}: the box is empty or outside: {box.tolist()}')
    return np.concatenate([first, first + size])


def _floats(*box: str) -> np.ndarray:
    return np.array(box, np.float32).reshape(4)
