"""The backbone, the head and the combination functions."""

from .combinations import CombinationFunction, Polynomial, SingleRank, TopBottom
from .gap_head import GAPClsHead
from .non_local import NonLocalBlock
from .non_local_vgg import NonLocalVGG

__all__ = [
    'CombinationFunction',
    'GAPClsHead',
    'NonLocalBlock',
    'NonLocalVGG',
    'Polynomial',
    'SingleRank',
    'TopBottom',
]
