"""CUB-200-2011 with its bounding boxes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmpretrain.datasets import CUB as CUBClassification

from ..registry import DATASETS
from .annotations import clip_boxes
from .files import check_label, image_size, read_lines


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
        FileNotFoundError: If a file is missing.
        ValueError: If ``bounding_boxes.txt`` is wrong; the message has file and line.
    """

    def load_data_list(self) -> list[dict]:
        """Load paths, labels and boxes."""
        path = Path(self.data_root, 'bounding_boxes.txt')
        names = self._load_data_from_txt(self.ann_file)
        boxes = {names.get(image_id): box for image_id, *box in _read_boxes(path)}
        data_list = super().load_data_list()
        for info in data_list:
            name = Path(info['img_path']).relative_to(self.img_prefix).as_posix()
            check_label(
                info['gt_label'],
                len(self.CLASSES),
                f'{self.image_class_labels_file}, {name}',
            )
            if name not in boxes:
                raise ValueError(f'{path} has no box for the image {name}')
            box, where = boxes[name]
            info['loc_boxes'] = clip_boxes(box, image_size(info['img_path']), where)
        return data_list


def _read_boxes(path: Path) -> Iterator[tuple[int, np.ndarray, str]]:
    """Read lines ``id x y width height``; yield ids from 0, corners and where."""
    seen = set()
    for where, line in read_lines(path):
        try:
            image_id, *box = line.split()
            image_id, box = int(image_id), np.array(box, np.float32).reshape(4)
        except ValueError:
            raise ValueError(
                f'{where}: expected "id x y width height", got "{line}"'
            ) from None
        if not (
            np.isfinite(box).all() and (box[:2] >= 0).all() and (box[2:] > 0).all()
        ):
            raise ValueError(f'{where}: the box is empty or outside: "{line}"')
        if image_id in seen:
            raise ValueError(f'{where}: the image {image_id} already has a box')
        seen.add(image_id)
        yield image_id - 1, np.concatenate([box[:2], box[:2] + box[2:]]), where
