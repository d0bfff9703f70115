"""Stanford Cars with its bounding boxes."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import StanfordCars as StanfordCarsClassification

from ..registry import DATASETS
from .files import (
    Files,
    check_label,
    check_once,
    check_split,
    clip_to_image,
    read_mat,
    reportable,
)

ONE_FILE = 'cars_annos.mat'
FILES = dict(
    train='devkit/cars_train_annos.mat', test='devkit/cars_test_annos_withlabels.mat'
)
FIELDS = ('bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2', 'class')


@DATASETS.register_module()
class StanfordCars(StanfordCarsClassification):
    """mmpretrain's Stanford Cars with the box of each image, in either of its layouts.

    Each sample also has ``loc_boxes``, (1, 4): x0, y0, x1, y1 in pixels of the original
    image, from 0 where MATLAB counts from 1. The pipeline leaves them alone.

    Args:
        data_root: Folder of the data set.
        split: ``train`` or ``test``. Defaults to ``train``.
        **kwargs: Further arguments of mmpretrain's ``StanfordCars``.

    Raises:
        FileNotFoundError: If the annotations are missing.
        ValueError: If the split, a label or a box is wrong, an image is missing or
            stands in the annotations twice; the message has the file.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, FILES)
        if not any(Path(data_root, file).exists() for file in (ONE_FILE, FILES[split])):
            raise FileNotFoundError(
                f'{data_root} must have {ONE_FILE} or {FILES[split]}, and has neither'
            )
        super().__init__(data_root, split, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Load paths, labels and boxes."""
        fields = ('fname', *FIELDS)
        if Path(self.ann_file).name == ONE_FILE:
            fields = ('relative_im_path', *FIELDS, 'test')
        images = Files(self.img_prefix)
        seen: dict[str, str] = {}
        data_list = []
        for name, x0, y0, x1, y1, number, *test in read_mat(
            self.ann_file, fields, struct='annotations'
        ):
            if test and bool(test[0]) != (self.split == 'test'):
                continue
            where = f'{self.ann_file}, {name}'
            with reportable():
                check_once(name, where, seen)
                path = images.find(name, where)
                info = dict(img_path=path)
                data_list.append(info)
                with reportable():
                    label = int(number) - 1
                    check_label(label, len(self.CLASSES), where)
                    info['gt_label'] = label
                box = np.array([x0, y0, x1, y1]) - 1
                info['loc_boxes'] = clip_to_image(box, path, where, self.test_mode)
        return data_list
