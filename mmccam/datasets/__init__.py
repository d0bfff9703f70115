"""Data sets with the boxes that localization is measured by."""

from .cub import CUB
from .loading import LoadImage
from .wsol_dataset import WSOLDataset

__all__ = ['CUB', 'LoadImage', 'WSOLDataset']
