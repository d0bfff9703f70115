"""Data sets with the boxes that localization is measured by."""

from .cached_image import CachedImage
from .cub import CUB
from .ilsvrc import ILSVRC
from .stanford_cars import StanfordCars
from .stanford_dogs import StanfordDogs
from .stl10 import STL10
from .transforms import LoadImage
from .wsol_dataset import WSOLDataset

__all__ = [
    'CUB',
    'CachedImage',
    'ILSVRC',
    'LoadImage',
    'STL10',
    'StanfordCars',
    'StanfordDogs',
    'WSOLDataset',
]
