"""Pictures of maps and boxes."""

from .hook import LocalizationVisualizationHook
from .overlay import Panel, draw_localization, draw_panels
from .sheet import draw_sheet
from .worst import WorstImagesHook

__all__ = [
    'LocalizationVisualizationHook',
    'Panel',
    'WorstImagesHook',
    'draw_localization',
    'draw_panels',
    'draw_sheet',
]
