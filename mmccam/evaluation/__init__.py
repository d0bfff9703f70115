"""Box rules and metrics."""

from .base import default_map, find_map
from .box_rules import build_box_rule
from .coco import DumpBoxes, DumpPseudoBoxes
from .errors import LocalizationErrors
from .interchange import DumpMaps
from .localization import CCAMLocalizationMetric
from .max_box_acc import MaxBoxAcc
from .px_ap import PxAP
from .threshold_search import ThresholdSearch

__all__ = [
    'CCAMLocalizationMetric',
    'DumpBoxes',
    'DumpMaps',
    'DumpPseudoBoxes',
    'LocalizationErrors',
    'MaxBoxAcc',
    'PxAP',
    'ThresholdSearch',
    'build_box_rule',
    'default_map',
    'find_map',
]
