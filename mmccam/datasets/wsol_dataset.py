"""The metadata format of weakly supervised object localization benchmarks."""

from pathlib import Path
from typing import Optional

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from . import metadata as texts
from .files import Files, reportable


@DATASETS.register_module()
class WSOLDataset(BaseDataset):
    """Images, boxes and masks in the metadata format of Choe et al. (CVPR 2020).

    .. code-block:: text

        data_root/classes.txt                            name, or id<TAB>name
        data_root/images/...
        data_root/masks/...
        data_root/metadata/<split>/image_ids.txt         path
        data_root/metadata/<split>/class_labels.txt      path,label    (from 0)
        data_root/metadata/<split>/image_sizes.txt       path,width,height
        data_root/metadata/<split>/localization.txt      path,x0,y0,x1,y1
                                                    or   path,mask_path,ignore_path

    Ids of classes that are numbers, 0 … K - 1 or 1 … K, order their names by label;
    without numbers the lines do.

    Paths are relative to ``images``, those of masks to ``masks``. ``image_ids.txt``
    lists the images of the split; lines of other images are ignored. An image has
    several lines where it has several objects. Its ignore mask, if there is one, is
    listed on the first of them. ``image_sizes.txt`` only serves to check the boxes and
    may be missing or empty. ``localization.txt`` is read only for evaluation.

    ``loc_boxes`` has no box in training or where there are masks. With masks a sample
    also has ``loc_masks``, their full paths, and ``loc_ignore``, the full path of the
    ignore mask or None. With a line in ``image_sizes.txt`` it has its ``listed_size``,
    width and height in pixels.

    Args:
        data_root: Folder of the data set.
        split: Folder below ``metadata``. Defaults to ``train``.
        test_mode: Whether the split is evaluated: each image needs a box or a mask.
        images: Folder of the images, absolute or relative to ``data_root``.
        metadata: Folder of the splits, likewise.
        masks: Folder of the masks, likewise.
        num_classes: Number of classes of a data set without ``classes.txt``; they are
            then called ``0``, ``1``, …
        **kwargs: Further arguments of mmpretrain's ``BaseDataset``.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        test_mode: bool = False,
        images: str = 'images',
        metadata: str = 'metadata',
        masks: str = 'masks',
        num_classes: Optional[int] = None,
        **kwargs,
    ) -> None:
        self.split = split
        self.num_classes = num_classes
        super().__init__(
            ann_file=f'{metadata}/{split}/image_ids.txt',
            data_root=data_root,
            data_prefix=dict(img_path=images, mask_path=masks),
            test_mode=test_mode,
            **kwargs,
        )

    def full_init(self) -> None:
        """Read the names of the classes, then the images."""
        if not self._fully_initialized and self.CLASSES is None:
            self._metainfo['classes'] = texts.read_classes(
                self.data_root, self.num_classes
            )
        super().full_init()

    def load_data_list(self) -> list[dict]:
        folder = Path(self.ann_file).parent
        paths = texts.read_images(Path(self.ann_file), Files(self.img_prefix))
        labels, sizes, places = {}, {}, {}
        with reportable():
            file = folder / 'class_labels.txt'
            labels = texts.read_labels(file, len(self.CLASSES))
            _check_listed(paths, labels, f'{file} has no line for')
        if self.test_mode:
            with reportable():
                sizes = texts.read_sizes(folder / 'image_sizes.txt')
            with reportable():
                file = folder / 'localization.txt'
                masks = Files(self.data_prefix['mask_path'])
                places = texts.read_localization(file, paths, sizes, masks)
                purpose = f', which the evaluation of the split {self.split} needs'
                _check_listed(paths, places, f'{file} has no box or mask for', purpose)
        data_list = []
        for name, path in paths.items():
            info = dict(img_path=path, gt_label=labels.get(name))
            if sizes.get(name):
                info['listed_size'] = sizes[name]
            info.update(places.get(name, {}))
            boxes = np.array(info.get('loc_boxes', []), np.float32)
            data_list.append(dict(info, loc_boxes=boxes.reshape(-1, 4)))
        return data_list


def _check_listed(images: dict, listed: dict, lacks: str, purpose: str = '') -> None:
    """Check that a file has something for each image."""
    for name in images:
        with reportable():
            if name not in listed:
                raise ValueError(f'{lacks} {name}{purpose}')
