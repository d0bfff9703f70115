"""From images to boxes in two lines."""

from .inferencer import CCAMInferencer

__all__ = ['CCAMInferencer']
