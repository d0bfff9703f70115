"""What mmccam adds to mmengine's training loop."""

from .checkpoint import allow_mmengine_checkpoints
from .optim_wrapper import BFloat16OptimWrapper

__all__ = ['BFloat16OptimWrapper', 'allow_mmengine_checkpoints']
