"""Stanford Dogs with its bounding boxes."""

from pathlib import Path

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .files import Files, check_once, check_split, read_mat, read_xml, reportable


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
        ValueError: If the split, a list or a label is wrong, an image stands in a list
            twice, or an image or an annotation is missing or wrong, with the file.
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
        seen: dict[str, str] = {}
        data_list = []
        for index, (image, annotation, number) in enumerate(
            read_mat(self.ann_file, ('file_list', 'annotation_list', 'labels')), start=1
        ):
            with reportable():
                check_once(image, f'{self.ann_file}, image {index}', seen)
                info = dict(img_path=images.find(image, self.ann_file))
                data_list.append(info)
                with reportable():
                    expected = numbers.get(Path(image).parent.name)
                    if number != expected:
                        raise ValueError(
                            f'{self.ann_file}: the label of {image} must be '
                            f'{expected}, the place of its folder among those of '
                            f'{self.img_prefix}, got {number}'
                        )
                    info['gt_label'] = expected - 1
                path = annotations.find(annotation, self.ann_file)
                _, info['loc_boxes'] = read_xml(path)
        return data_list
