"""From images to boxes in two lines."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from .localizer import ImageLocalizer
from .torch_inferencer import TorchInferencer

if TYPE_CHECKING:
    from .inferencer import CCAMInferencer

__all__ = ['CCAMInferencer', 'ImageLocalizer', 'TorchInferencer']

# What needs OpenMMLab.
__getattr__, __dir__ = lazy(__name__, dict(CCAMInferencer='.inferencer'))
