"""Maps as files, one of each image: written, read and scored."""

from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator

from ..datasets.files import image_size
from ..maps import stretch
from ..registry import METRICS
from ..structures import path_below
from ..whole_files import whole_file
from .localization import CCAMLocalizationMetric
from .max_box_acc import MaxBoxAcc
from .metric import LocalizationMetric, check_unique
from .px_ap import PxAP


@METRICS.register_module()
class DumpMaps(LocalizationMetric):
    """Write the map of each image's true class to a file.

    The layout is that of Choe et al. (CVPR 2020): the map of an image that is
    ``test/fish/0001.jpg`` below ``root`` becomes ``test/fish/0001.jpg.npy`` below
    ``out_dir``, float64, resized by cubic interpolation and stretched to 0 ... 1; zeros
    where it is constant, NaN or infinite. Existing files are overwritten. Reported is
    the number of maps, ``num_maps``.

    Args:
        out_dir: Folder to write, one for each map.
        root: Folder of the images.
        side: Side of square maps in pixels, such as the 224 that Choe et al. compute
            with. Defaults to the size of each image.
        **kwargs: Arguments of :class:`~mmccam.evaluation.LocalizationMetric`.
    """

    def __init__(
        self, *args, out_dir: str, root: str, side: Optional[int] = None, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        check_side(side)
        self.out_dir = out_dir
        self.root = root
        self.side = side

    def record(self, sample: dict, cam: np.ndarray) -> str:
        """Write the map (h, w) of an image and return its file."""
        path = Path(self.out_dir, f'{path_below(sample, self.root)}.npy')
        height, width = sample['ori_shape']
        size = (self.side, self.side) if self.side else (width, height)
        with whole_file(path) as file:
            np.save(file, stretch(cam, size))
        return str(path)

    def summarize(self, records: list[str]) -> dict[str, float]:
        check_unique(records, 'map')
        return dict(num_maps=len(records))


def check_side(side: Optional[int]) -> None:
    """Raise a ``ValueError`` if the side of square maps is below 1 pixel."""
    if side is not None and side < 1:
        raise ValueError(f'side must be at least 1 pixel, got {side}')


def evaluate_maps(
    dataset: BaseDataset,
    *folders: Union[str, Path],
    root: Optional[str] = None,
    side: Optional[int] = None,
    scaled_masks: bool = False,
    **rule: Any,
) -> dict[str, float]:
    """Score a folder of maps, one of each image's true class, one after the other.

    Layout, ``root`` (by default that of the data set) and ``side`` are as in
    ``DumpMaps``. Maps of other images are ignored. Of several folders, the maps of an
    image are averaged by :func:`read_mean`. Where images have masks, the result is
    ``px_ap``, with ``scaled_masks`` as in ``PxAP``. Else it is ``gt_known_loc`` and its
    ``threshold``, by the ``box_rule`` and ``threshold`` in ``rule``, and the values of
    ``MaxBoxAcc``.
    """
    check_side(side)
    root = dataset.data_prefix['img_path'] if root is None else root
    infos = [dataset.get_data_info(number) for number in range(len(dataset))]
    if infos[0].get('loc_masks'):
        if rule:
            raise ValueError(
                'box rule and threshold can only be given for a data set with boxes, '
                'this one has masks'
            )
        evaluator = Evaluator(PxAP('map', scaled_masks=scaled_masks))
    else:
        evaluator = Evaluator([CCAMLocalizationMetric('map', **rule), MaxBoxAcc('map')])
    for info, *files in zip(infos, *(_find_maps(infos, one, root) for one in folders)):
        shape = image_size(info['img_path'])[::-1]
        cam = torch.from_numpy(read_mean(files, (side, side) if side else shape))
        label = torch.tensor([info['gt_label']])
        maps = dict(cam_labels=label, cams=dict(map=cam[None]))
        evaluator.process([dict(info, ori_shape=shape, gt_label=label, **maps)])
    values = evaluator.evaluate(len(infos))
    return {name.split('/')[1]: value for name, value in values.items()}


def _find_maps(infos: list[dict], folder: Union[str, Path], root: str) -> list[Path]:
    """The file of each image's map, all of which must be there."""
    files = [Path(folder, f'{path_below(info, root)}.npy') for info in infos]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(files)} images have no map, the first is missing '
            f'at {missing[0]}; name the folder of one map, and --root if paths differ'
        )
    return files


def read_mean(paths: list[Path], shape: tuple[int, int]) -> np.ndarray:
    """Read a map (H, W) as ``read_map``, or the mean of several maps of one image.

    The scales of several programs or networks differ. So each of several maps is first
    resized to the largest of them and stretched to 0 ... 1; one that shows nothing adds
    zeros. Besides ``shape``, theirs may be any square.
    """
    if len(paths) == 1:
        return read_map(paths[0], shape)
    maps = [read_map(path, shape, or_square=True) for path in paths]
    height, width = max((cam.shape for cam in maps), key=np.prod)
    return np.mean([stretch(cam, (width, height)) for cam in maps], axis=0)


def read_map(path: Path, shape: tuple[int, int], or_square: bool = False) -> np.ndarray:
    """Read a map (H, W) of any floating-point numbers from 0 to 1 as float64."""
    try:
        cam = np.lib.format.open_memmap(path, mode='r')  # however large it says it is
    except Exception as error:  # of many types, as the bytes have it
        raise ValueError(f'{path} is no readable .npy array: {error}') from None
    if not np.issubdtype(cam.dtype, np.floating):
        raise ValueError(
            f'{path} must have floating-point numbers, such as float64, got {cam.dtype}'
        )
    is_square = cam.ndim == 2 and 0 < cam.shape[0] == cam.shape[1]
    if cam.shape != shape and not (or_square and is_square):
        expected = f'the shape (height, width) = {shape}'
        expected += ' or be a square' if or_square else ''
        raise ValueError(f'{path} must have {expected}, got {cam.shape}')
    if not ((cam >= 0) & (cam <= 1)).all():
        raise ValueError(
            f'{path} must have values from 0 to 1, got some from {cam.min()} '
            f'to {cam.max()}'
        )
    return np.array(cam, np.float64)
