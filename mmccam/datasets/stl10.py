"""STL-10, images without boxes."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .files import check_class, check_split, read_lines, reportable

SHAPE = (3, 96, 96)


@DATASETS.register_module()
class STL10(BaseDataset):
    """STL-10 in its binary files: ``<split>_X.bin``, ``<split>_y.bin`` and class names.

    Each sample has ``img``, (96, 96, 3), uint8, BGR, and ``gt_label``. There are no
    boxes: the maps can be looked at, not measured. ``data_root`` is the folder
    ``stl10_binary``, ``split`` is ``train`` or ``test``.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, ('train', 'test'))
        files = dict(ann_file=f'{split}_y.bin', data_prefix=f'{split}_X.bin')
        super().__init__(data_root=data_root, **files, **kwargs)

    def load_data_list(self) -> list[dict]:
        names = read_lines(Path(self.data_root, 'class_names.txt'))
        self._metainfo.setdefault('classes', tuple(name for _, name in names))
        pixels = np.fromfile(self.img_prefix, np.uint8)
        numbers = np.fromfile(self.ann_file, np.uint8).tolist()
        size = len(numbers) * np.prod(SHAPE)
        if pixels.size != size:
            raise ValueError(
                f'{self.img_prefix} must have {size} bytes, since {self.ann_file} has '
                f'{len(numbers)} labels, got {pixels.size}'
            )
        data_list = []
        images = pixels.reshape(-1, *SHAPE)
        for index, (planes, number) in enumerate(zip(images, numbers), start=1):
            with reportable():
                where = f'{self.ann_file}, image {index}'
                label = check_class(number, len(self.CLASSES), where)
                # Each plane is stored column by column.
                data_list.append(dict(img=planes.T[..., ::-1], gt_label=label))
        return data_list
