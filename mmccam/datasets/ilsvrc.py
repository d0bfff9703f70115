"""ILSVRC 2012, classification and localization, in its original folder layout."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.categories import IMAGENET_CATEGORIES

from ..registry import DATASETS
from .files import Files, check_split, read_lines, read_xml, reportable


@DATASETS.register_module()
class ILSVRC(BaseDataset):
    """ILSVRC 2012 with the boxes of its validation images: ``train`` or ``val``.

    .. code-block:: text

        data_root/Data/CLS-LOC/train/n01440764/n01440764_10026.JPEG
        data_root/Data/CLS-LOC/val/ILSVRC2012_val_00000001.JPEG
        data_root/Annotations/CLS-LOC/val/ILSVRC2012_val_00000001.xml
        data_root/ImageSets/CLS-LOC/train_cls.txt    n01440764/n01440764_10026 1
        data_root/ImageSets/CLS-LOC/val.txt          ILSVRC2012_val_00000001 1
        data_root/LOC_synset_mapping.txt             n01440764 tench, Tinca tinca

    Labels count the sorted WordNet ids of ``LOC_synset_mapping.txt``, the order of all
    common checkpoints. The file may also lie beside ``data_root``. Without it, the
    folders in ``train`` are sorted.

    The devkit numbers the classes in another order. So the class of a validation image
    is the first name in its XML. All boxes of that class count; ``train`` has none.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        lists = dict(train='train_cls', val='val')
        check_split(split, lists)
        self.split = split
        super().__init__(
            ann_file=f'ImageSets/CLS-LOC/{lists[split]}.txt',
            data_root=data_root,
            data_prefix=dict(
                img_path=f'Data/CLS-LOC/{split}',
                ann_path=f'Annotations/CLS-LOC/{split}',
            ),
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        classes = _read_classes(Path(self.data_root))
        self._metainfo.setdefault('classes', tuple(classes.values()))
        labels = {wnid: label for label, wnid in enumerate(classes)}
        images = Files(self.img_prefix)
        annotations = Files(self.data_prefix['ann_path'])
        data_list = []
        for where, line in read_lines(self.ann_file):
            name = line.split()[0]
            with reportable():
                info = dict(img_path=images.find_once(f'{name}.JPEG', where))
                data_list.append(info)
                if self.split == 'train':
                    wnid, boxes = name.split('/')[0], np.empty((0, 4), np.float32)
                else:
                    where = annotations.find(f'{name}.xml', where)
                    names, boxes = read_xml(where)
                    wnid = names[0]
                    boxes = boxes[np.array(names) == wnid]
                if wnid not in labels:
                    raise ValueError(
                        f'{where}: the class must be one of {len(labels)} WordNet ids '
                        f'such as {next(iter(labels))}, got {wnid}'
                    )
                info.update(gt_label=labels[wnid], loc_boxes=boxes)
        return data_list


def _read_classes(data_root: Path) -> dict[str, str]:
    """Read the name of each class, in the order of their WordNet ids."""
    # Kaggle's archive has it beside the folder ILSVRC.
    mapping = data_root / 'LOC_synset_mapping.txt'
    if not mapping.exists():
        mapping = data_root.absolute().parent / mapping.name
    if mapping.exists():
        lines = (line.partition(' ') for _, line in read_lines(mapping))
        return dict(sorted((wnid, name) for wnid, _, name in lines))
    folder = data_root / 'Data/CLS-LOC/train'
    if not folder.is_dir():
        raise FileNotFoundError(
            f'the classes must be listed in {mapping} or be the folders of {folder}, '
            'and neither exists'
        )
    wnids = sorted(path.name for path in folder.iterdir() if path.is_dir())
    complete = len(wnids) == len(IMAGENET_CATEGORIES)
    return dict(zip(wnids, IMAGENET_CATEGORIES if complete else wnids))
