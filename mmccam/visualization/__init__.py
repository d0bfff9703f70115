"""Pictures of maps and boxes, and what an evaluation shows of them."""

from .hooks import LocalizationVisualizationHook, WorstImagesHook
from .overlay import Panel, draw_legend, draw_localization, draw_panels
from .sheet import draw_sheet

__all__ = [
    'LocalizationVisualizationHook',
    'Panel',
    'WorstImagesHook',
    'draw_legend',
    'draw_localization',
    'draw_panels',
    'draw_sheet',
]
