"""CUB-200-2011 with its bounding boxes."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import CUB as CUBClassification
from PIL import Image

from ..registry import DATASETS


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
        images_by_id = self._load_data_from_txt(self.ann_file)
        boxes = {
            images_by_id.get(image_id): box
            for image_id, box in _read_boxes(path).items()
        }
        data_list = super().load_data_list()
        for info in data_list:
            name = Path(info['img_path']).relative_to(self.img_prefix).as_posix()
            if name not in boxes:
                raise ValueError(f'{path} has no box for the image {name}')
            with Image.open(info['img_path']) as image:
                info['loc_boxes'] = _to_xyxy(boxes[name], image.size)
        return data_list


def _read_boxes(path: Path) -> dict:
    """Read lines of ``id x y w h`` as a box (4,) for each id, counted from 0."""
    boxes = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            image_id, *box = line.split()
            boxes[int(image_id) - 1] = np.array(box, dtype=np.float32).reshape(4)
        except ValueError:
            raise ValueError(
                f'{path}, line {number}: expected "id x y width height", got "{line}"'
            ) from None
        if not (boxes[int(image_id) - 1][2:] > 0).all():
            raise ValueError(f'{path}, line {number}: the box is empty: "{line}"')
    return boxes


def _to_xyxy(box: np.ndarray, size: tuple) -> np.ndarray:
    """Turn x, y, width, height into corners inside an image, (1, 4)."""
    limit = np.array(size, dtype=np.float32) - 1
    end = np.minimum(box[:2] + box[2:], limit)
    return np.concatenate([box[:2], end])[None]
