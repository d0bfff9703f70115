"""What mmccam adds to mmengine's training loop."""

# Also from here, where it was before it was `mmccam.trust_checkpoints`.
from ..checkpoints.loading import trust_checkpoints  # noqa: F401
from .checkpoint_hook import ResumableCheckpointHook
from .hooks import (
    EpochSeedHook,
    FiniteLossHook,
    FittingWeightsHook,
    UnreadableImagesHook,
)
from .optim_wrapper import BFloat16OptimWrapper

__all__ = [
    'BFloat16OptimWrapper',
    'EpochSeedHook',
    'FiniteLossHook',
    'FittingWeightsHook',
    'ResumableCheckpointHook',
    'UnreadableImagesHook',
]
