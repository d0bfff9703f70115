"""Box rules and metrics."""

from .box_rules import box_rule, build_box_rule
from .coco_files import DumpBoxes, DumpPseudoBoxes
from .localization import CCAMLocalizationMetric, LocalizationErrors
from .map_files import DumpMaps
from .max_box_acc import MaxBoxAcc
from .metric import BoxMetric, LocalizationMetric, Outcome
from .px_ap import PxAP
from .thresholds import ThresholdSearch

__all__ = [
    'BoxMetric',
    'CCAMLocalizationMetric',
    'DumpBoxes',
    'DumpMaps',
    'DumpPseudoBoxes',
    'LocalizationErrors',
    'LocalizationMetric',
    'MaxBoxAcc',
    'Outcome',
    'PxAP',
    'ThresholdSearch',
    'box_rule',
    'build_box_rule',
]
