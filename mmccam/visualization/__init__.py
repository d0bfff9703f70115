"""Pictures of maps and boxes."""

from .hooks import LocalizationVisualizationHook, WorstImagesHook
from .overlay import Panel, draw_localization, draw_panels
from .sheet import draw_sheet

__all__ = [
    'LocalizationVisualizationHook',
    'Panel',
    'WorstImagesHook',
    'draw_localization',
    'draw_panels',
    'draw_sheet',
]
