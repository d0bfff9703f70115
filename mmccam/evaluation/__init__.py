"""Box rules and metrics."""

from .box_rules import build_box_rule
from .localization import CCAMLocalizationMetric, find_map
from .threshold_search import ThresholdSearch

__all__ = ['CCAMLocalizationMetric', 'ThresholdSearch', 'build_box_rule', 'find_map']
