"""Pictures of maps and boxes."""

from .hook import LocalizationVisualizationHook
from .overlay import draw_localization
from .worst import WorstImagesHook

__all__ = ['LocalizationVisualizationHook', 'WorstImagesHook', 'draw_localization']
