"""Pictures of maps and boxes, and what an evaluation shows of them."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from .overlay import Panel, draw_legend, draw_localization, draw_panels

if TYPE_CHECKING:
    from .hooks import LocalizationVisualizationHook, WorstImagesHook
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

# What needs OpenMMLab.
__getattr__, __dir__ = lazy(
    __name__,
    dict(
        LocalizationVisualizationHook='.hooks',
        WorstImagesHook='.hooks',
        draw_sheet='.sheet',
    ),
)
