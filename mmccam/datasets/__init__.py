"""Data sets with the boxes that localization is measured by.

Each sample has ``gt_label`` and, unless its data set says otherwise, ``img_path`` and
``loc_boxes``, (n, 4), float32: x0, y0, x1, y1 in pixels of the original image, from 0.
No transform of the pipeline touches these boxes.

All read the folder ``data_root`` as it was published, and of it a ``split``, by default
``train``. Other arguments are of mmpretrain's data set of that name or ``BaseDataset``.

A mistake in a file is a ValueError, a missing file of annotations a FileNotFoundError.
The message has the file and, where there is one, the line.
"""

from .cub import CUB
from .ilsvrc import ILSVRC
from .stanford_cars import StanfordCars
from .stanford_dogs import StanfordDogs
from .stl10 import STL10
from .transforms import LoadImage, ScoreCrops
from .wsol_dataset import WSOLDataset

__all__ = [
    'CUB',
    'ILSVRC',
    'LoadImage',
    'STL10',
    'ScoreCrops',
    'StanfordCars',
    'StanfordDogs',
    'WSOLDataset',
]
