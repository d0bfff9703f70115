"""What a data sample carries: its fields, the maps of its classes, its true boxes.

Samples are mmpretrain's ``DataSample``; metrics get them as dictionaries of the same
fields:

=============== =========================================== ======================
field           content                                     set by
=============== =========================================== ======================
``img_path``    path of the image file, absent without one  data set
``sample_idx``  place of the image in the data set, from 0  data set
``ori_shape``   height and width of the image in pixels     ``mmccam.LoadImage``
``gt_label``    true class, (1,)                            data set
``loc_boxes``   true boxes x0, y0, x1, y1 in pixels of the  data set
                original image, both ends inside, (n, 4)
``loc_masks``   paths of the masks, one for each object     data set
``loc_ignore``  path of the ignore mask, or None            data set
``score_crops`` crops to rank classes on, (n, 3, h, w)      ``mmccam.ScoreCrops``
``pred_score``  probability of each class, (K,)             head
``pred_label``  most probable class, (1,)                   head
``cam_labels``  classes that the maps are of, (T,)          head
``cams``        maps (T, h, w), float32, by their name      head
=============== =========================================== ======================

:class:`ClassMaps` reads ``cam_labels`` and ``cams``, :func:`true_boxes` ``loc_boxes``.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

import numpy as np
import torch

from .boxes import check_boxes

if TYPE_CHECKING:
    from mmpretrain.structures import DataSample


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """The maps of some classes of one image, by one or several names."""

    labels: torch.Tensor  #: classes that the maps are of, (T,)
    maps: dict[str, torch.Tensor]  #: (T, h, w) at the size of the feature map, by name

    @classmethod
    def read(cls, sample: Union['DataSample', dict]) -> 'ClassMaps':
        """Read the maps of a sample."""
        return cls(sample.get('cam_labels'), sample.get('cams'))

    def write(self, sample: 'DataSample') -> None:
        """Write the maps to a sample."""
        sample.set_field(self.labels, 'cam_labels')
        sample.set_field(self.maps, 'cams')

    def of(self, name: str, label: int) -> np.ndarray:
        """The map (h, w) of a name and a class, float32 or float64, or a ValueError."""
        check_map_name(name, self.maps)
        labels = self.labels.tolist()
        if label not in labels:
            known = f'only of the classes {labels}'
            raise ValueError(f'there is no map of the class {label}, {known}')
        cam = self.maps[name][labels.index(label)].cpu()
        return (cam if cam.dtype == torch.float64 else cam.float()).numpy()


def check_map_name(name: str, names: Collection[str]) -> None:
    """Raise a ``ValueError`` if a name is not among those of the head's maps."""
    if name not in names:
        raise ValueError(
            f'the head makes no map "{name}", only {sorted(names)}: '
            'add it to the cams of the head'
        )


def given_map_name(map_name: Optional[str], cam: Optional[str]) -> str:
    """The name of a map under ``map_name`` or, which prevails, its former name ``cam``.

    So ``--cfg-options test_evaluator.1.cam=cam`` of today overrides our configs.
    """
    if map_name is None and cam is None:
        raise TypeError('map_name must name a map, such as map_name="ccam"')
    return map_name if cam is None else cam


def default_map_name(names: Collection[str], preferred: str) -> str:
    """The map that boxes are made of where none is named.

    It is the preferred one, ``ccam`` or the only one. The order of the names does not
    matter: mmengine sorts them when it stores a config. Several of which none is one of
    these are a ``ValueError``.
    """
    for name in (preferred, 'ccam'):
        if name in names:
            return name
    if len(names) != 1:
        found = ', '.join(sorted(names))
        raise ValueError(f'the head makes the maps {found}: name one')
    return next(iter(names))


def class_name(classes: Optional[Sequence[str]], label: int) -> str:
    """The name of a class, or its label as text where classes have no names."""
    return classes[label] if classes else str(label)


def image_name(sample: Union['DataSample', dict]) -> str:
    """A short name of an image: folder and file, or its number of five digits."""
    path = sample.get('img_path')
    if path is None:
        return f'{sample.get("sample_idx"):05d}'
    return '/'.join(Path(path).parts[-2:])


def relative_path(sample: dict, root: str) -> str:
    """An image's name in all results: its path from a folder, with slashes."""
    if 'img_path' not in sample:
        raise ValueError(
            'images of a data set must have files to be identified by, '
            'these have no img_path'
        )
    return Path(os.path.relpath(sample['img_path'], root)).as_posix()


def path_below(sample: dict, root: str) -> str:
    """The same, where a ``ValueError`` is raised if the image is not in the folder."""
    name = relative_path(sample, root)
    if name.split('/')[0] in ('.', '..'):
        raise ValueError(
            f'images must lie below the folder {os.path.abspath(root)}, which root '
            f'names, got {os.path.abspath(sample["img_path"])}'
        )
    return name


def check_scores(sample: Union['DataSample', dict]) -> None:
    """Raise a ``ValueError`` if a sample has class scores that are NaN or infinite."""
    if not sample.get('pred_score', torch.zeros(1)).isfinite().all():
        name = sample.get('img_path') or 'an array'
        raise ValueError(f'the scores of {name} are NaN or infinite')


def true_boxes(sample: dict) -> np.ndarray:
    """The true boxes of an image, (n, 4) with n > 0; none or bad ones are an error."""
    if sample.get('loc_masks'):
        raise ValueError(
            f'{sample["img_path"]} has masks, by which mmccam.PxAP measures, and no '
            'boxes, which this metric needs'
        )
    boxes, where = sample.get('loc_boxes', ()), sample.get('img_path', 'an image')
    if len(boxes) == 0:
        raise ValueError(f'{where} has no true box')
    height, width = sample['ori_shape']
    return check_boxes(boxes, (width, height), where)
