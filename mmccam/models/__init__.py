"""Backbones, heads, combination functions and saliency methods."""

from . import hide_and_seek  # noqa: F401
from .any_classifier import classifier_with_maps
from .backbones import alexnet, googlenet, inception_v3, resnet  # noqa: F401
from .backbones.non_local_vgg import NonLocalVGG
from .combinations import (
    AboveMean,
    CombinationFunction,
    Polynomial,
    ReleasedQuadratic,
    SingleRank,
    TopBottom,
)
from .heads import acol_head, saliency_head, spg_head, ts_cam_head  # noqa: F401
from .heads.gap_head import GAPClsHead
from .heads.localization_head import LocalizationHead
from .layers.named_layers import NamedLayers
from .layers.non_local import NonLocalBlock
from .necks import conv_neck  # noqa: F401
from .saliency import excitation, feedback, grad_cam, gradient  # noqa: F401
from .saliency.classifier import SaliencyClassifier, SaliencyMethod
from .two_views import TwoViewClassifier

__all__ = [
    'AboveMean',
    'CombinationFunction',
    'GAPClsHead',
    'LocalizationHead',
    'NamedLayers',
    'NonLocalBlock',
    'NonLocalVGG',
    'Polynomial',
    'ReleasedQuadratic',
    'SaliencyClassifier',
    'SaliencyMethod',
    'SingleRank',
    'TopBottom',
    'TwoViewClassifier',
    'classifier_with_maps',
]
