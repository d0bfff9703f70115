"""CUB-200-2011 with its bounding boxes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from mmpretrain.datasets import CUB as CUBClassification

from ..boxes import clip_boxes
from ..registry import DATASETS
from . import files

SPLITS = ('test', 'train')  # as train_test_split.txt numbers them


@DATASETS.register_module()
class CUB(CUBClassification):
    """mmpretrain's CUB with the box of each image.

    ``data_root`` is the folder ``CUB_200_2011``, ``split`` is ``train`` or ``test``.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        files.check_split(split, SPLITS[::-1])
        super().__init__(data_root, split, **kwargs)

    def load_data_list(self) -> list[dict]:
        root = Path(self.data_root)
        names = _Lines(root / 'images.txt', 'path', 'path', str)
        splits = _Lines(root / 'train_test_split.txt', 'split', '0|1', ('0', '1').index)
        classes = _Lines(root / 'image_class_labels.txt', 'class', 'class', int)
        boxes = _Lines(root / 'bounding_boxes.txt', 'box', 'x y width height', _to_box)
        images = files.Files(self.img_prefix)
        listed: dict[str, str] = {}
        data_list = []
        for number, (name, where) in names.found.items():
            with files.reportable():
                files.check_once(Path(name), where, listed)
                split, _ = splits.find(number, name)
                if SPLITS[split] != self.split:
                    continue
                info = dict(img_path=images.find(name, where))
                data_list.append(info)
                with files.reportable():
                    value, where = classes.find(number, name)
                    info['gt_label'] = files.check_class(
                        value, len(self.CLASSES), where
                    )
                box, where = boxes.find(number, name)
                first, length = box[:2], box[2:]
                if not (np.isfinite(box).all() and first.min() >= 0 < length.min()):
                    fault = f'the box is empty or outside: {box.tolist()}'
                    raise ValueError(f'{where}: {fault}')
                corners = [*first, *(first + length)]
                size = files.image_size(info['img_path'], or_unknown=not self.test_mode)
                info['loc_boxes'] = clip_boxes(corners, size, where)
        return data_list


class _Lines:
    """Lines of a file that start with the number of an image, and what they hold."""

    def __init__(self, path: Path, what: str, columns: str, parse: Callable) -> None:
        self.path, self.what = path, what
        self.found: dict[int, tuple] = {}
        for where, line in files.read_lines(path):
            with files.reportable():
                try:
                    number, *fields = line.split()
                    number, value = int(number), parse(*fields)
                except (TypeError, ValueError):
                    text = f'{where}: expected "id {columns}", got "{line}"'
                    raise ValueError(text) from None
                if number in self.found:
                    raise ValueError(f'{where}: the image {number} already has a line')
                self.found[number] = value, where

    def find(self, number: int, name: str) -> tuple:
        """Return the value of an image and its place."""
        if number not in self.found:
            raise ValueError(f'{self.path} has no {self.what} for the image {name}')
        return self.found[number]


def _to_box(*box: str) -> np.ndarray:
    return np.array(box, np.float32).reshape(4)
