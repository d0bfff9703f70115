"""Stanford Dogs with its bounding boxes."""

from pathlib import Path

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .files import Files, check_split, read_mat, read_xml, reportable


@DATASETS.register_module()
class StanfordDogs(BaseDataset):
    """Stanford Dogs with the boxes of each image: ``train`` or ``test``.

    .. code-block:: text

        data_root/Images/n02085620-Chihuahua/n02085620_10074.jpg
        data_root/Annotation/n02085620-Chihuahua/n02085620_10074
        data_root/lists/train_list.mat
        data_root/lists/test_list.mat
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, ('train', 'test'))
        super().__init__(
            ann_file=f'lists/{split}_list.mat',
            data_root=data_root,
            data_prefix=dict(img_path='Images', ann_path='Annotation'),
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        folders = sorted(p.name for p in Path(self.img_prefix).iterdir() if p.is_dir())
        # n02085620-Chihuahua
        breeds = tuple(folder.partition('-')[2] for folder in folders)
        self._metainfo.setdefault('classes', breeds)
        numbers = {folder: number for number, folder in enumerate(folders, start=1)}
        images = Files(self.img_prefix)
        annotations = Files(self.data_prefix['ann_path'])
        fields = ('file_list', 'annotation_list', 'labels')
        rows = read_mat(self.ann_file, fields)
        data_list = []
        for index, (image, annotation, number) in enumerate(rows, start=1):
            where = f'{self.ann_file}, image {index}'
            with reportable():
                info = dict(img_path=images.find_once(image, where))
                data_list.append(info)
                with reportable():
                    expected = numbers.get(Path(image).parent.name)
                    if number != expected:
                        raise ValueError(
                            f'{where}: the label of {image} must be {expected}, the '
                            f'place of its folder among those of {self.img_prefix}, '
                            f'got {number}'
                        )
                    info['gt_label'] = expected - 1
                path = annotations.find(annotation, where)
                _, info['loc_boxes'] = read_xml(path)
        return data_list
