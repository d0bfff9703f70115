"""Stanford Dogs with its bounding boxes."""

from pathlib import Path

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .annotations import read_xml
from .files import Files, check_split, read_mat


@DATASETS.register_module()
class StanfordDogs(BaseDataset):
    """Stanford Dogs with the boxes of each image, in its original folder layout.

    .. code-block:: text

        data_root/Images/n02085620-Chihuahua/n02085620_10074.jpg
        data_root/Annotation/n02085620-Chihuahua/n02085620_10074
        data_root/lists/train_list.mat
        data_root/lists/test_list.mat

    Each sample has ``img_path``, ``gt_label`` and ``loc_boxes``, (n, 4): x0, y0, x1, y1
    in pixels of the original image, from 0. The pipeline leaves them alone.

    Args:
        data_root: Folder of the data set.
        split: ``train`` or ``test``. Defaults to ``train``.
        **kwargs: Further arguments of mmpretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: If a list or the folder of the images is missing.
        ValueError: If the split, a list or a label is wrong, or an image or an
            annotation is missing or wrong, with the file.
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
        """Load paths, labels and boxes."""
        folders = sorted(p.name for p in Path(self.img_prefix).iterdir() if p.is_dir())
        # n02085620-Chihuahua
        breeds = tuple(folder.partition('-')[2] for folder in folders)
        self._metainfo.setdefault('classes', breeds)
        numbers = {folder: number for number, folder in enumerate(folders, start=1)}
        images = Files(self.img_prefix)
        annotations = Files(self.data_prefix['ann_path'])
        data_list = []
        for image, annotation, number in read_mat(
            self.ann_file, ('file_list', 'annotation_list', 'labels')
        ):
            path = images.find(image, self.ann_file)
            expected = numbers[Path(path).parent.name]
            if number != expected:
                raise ValueError(
                    f'{self.ann_file}: the label of {image} must be {expected}, the '
                    f'place of its folder among those of {self.img_prefix}, '
                    f'got {number}'
                )
            _, boxes = read_xml(annotations.find(annotation, self.ann_file))
            data_list.append(
                dict(img_path=path, gt_label=expected - 1, loc_boxes=boxes)
            )
        return data_list
