"""What mmccam adds to mmengine's training loop."""

# Also from here, where it was before it was `mmccam.trust_checkpoints`.
from ..checkpoints.loading import trust_checkpoints  # noqa: F401
from .checkpoint_hook import ResumableCheckpointHook
from .training import (
    BFloat16OptimWrapper,
    EpochSeedHook,
    FiniteLossHook,
    FittingWeightsHook,
    UnreadableImagesHook,
)

__all__ = [
    'BFloat16OptimWrapper',
    'EpochSeedHook',
    'FiniteLossHook',
    'FittingWeightsHook',
    'ResumableCheckpointHook',
    'UnreadableImagesHook',
]
