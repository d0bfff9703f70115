"""Box rules and metrics."""

from .box_rules import build_box_rule
from .coco_files import DumpBoxes, DumpPseudoBoxes
from .failures import LocalizationErrors
from .localization import CCAMLocalizationMetric
from .map_files import DumpMaps
from .max_box_acc import MaxBoxAcc
from .px_ap import PxAP
from .thresholds import ThresholdSearch

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
]
