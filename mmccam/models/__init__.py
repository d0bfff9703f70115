"""The backbone, the head and the combination functions."""

from .backbones.non_local_vgg import NonLocalVGG
from .combinations import CombinationFunction, Polynomial, SingleRank, TopBottom
from .heads.gap_head import GAPClsHead
from .layers.non_local import NonLocalBlock

__all__ = [
    'CombinationFunction',
    'GAPClsHead',
    'NonLocalBlock',
    'NonLocalVGG',
    'Polynomial',
    'SingleRank',
    'TopBottom',
]
