"""Pictures of maps and boxes."""

from .hook import LocalizationVisualizationHook
from .overlay import draw_localization

__all__ = ['LocalizationVisualizationHook', 'draw_localization']
