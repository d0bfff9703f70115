"""Stanford Cars with its bounding boxes."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import StanfordCars as StanfordCarsClassification

from ..boxes import clip_boxes
from ..registry import DATASETS
from .files import Files, check_class, check_split, image_size, read_mat, reportable

ONE_FILE = 'cars_annos.mat'
FILES = dict(
    train='devkit/cars_train_annos.mat', test='devkit/cars_test_annos_withlabels.mat'
)
FIELDS = ('bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2', 'class')


@DATASETS.register_module()
class StanfordCars(StanfordCarsClassification):
    """mmpretrain's Stanford Cars with the box of each image: ``train`` or ``test``.

    Its annotations are in ``cars_annos.mat``, or in a file a split below ``devkit``.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, FILES)
        if not any(Path(data_root, file).exists() for file in (ONE_FILE, FILES[split])):
            raise FileNotFoundError(
                f'{data_root} must have {ONE_FILE} or {FILES[split]}, and has neither'
            )
        super().__init__(data_root, split, **kwargs)

    def load_data_list(self) -> list[dict]:
        fields = ('fname', *FIELDS)
        if Path(self.ann_file).name == ONE_FILE:
            fields = ('relative_im_path', *FIELDS, 'test')
        rows = read_mat(self.ann_file, fields, struct='annotations')
        images = Files(self.img_prefix)
        data_list = []
        for name, x0, y0, x1, y1, number, *test in rows:
            if test and bool(test[0]) != (self.split == 'test'):
                continue
            where = f'{self.ann_file}, {name}'
            with reportable():
                info = dict(img_path=images.find_once(name, where))
                data_list.append(info)
                with reportable():
                    number = int(number)
                    info['gt_label'] = check_class(number, len(self.CLASSES), where)
                size = image_size(info['img_path'], or_unknown=not self.test_mode)
                box = np.array([x0, y0, x1, y1]) - 1  # MATLAB counts from 1
                info['loc_boxes'] = clip_boxes(box, size, where)
        return data_list
