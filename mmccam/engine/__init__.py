"""What mmccam adds to mmengine's training loop."""

from ..checkpoints.allowed import allow_mmengine_checkpoints
from ..checkpoints.contents import (
    check_weights,
    stored_config,
    warn_if_size_differs,
    weights_of,
)
from ..checkpoints.loading import (
    newest_checkpoint,
    restrict_checkpoint_loading,
    trust_checkpoints,
)
from ..checkpoints.saving import WHOLE_FILES, WholeFileBackend
from .checkpoint_hook import ResumableCheckpointHook
from .hooks import (
    EpochSeedHook,
    FiniteLossHook,
    FittingWeightsHook,
    UnreadableImagesHook,
)
from .optim_wrapper import BFloat16OptimWrapper

__all__ = [
    'WHOLE_FILES',
    'BFloat16OptimWrapper',
    'EpochSeedHook',
    'FiniteLossHook',
    'FittingWeightsHook',
    'ResumableCheckpointHook',
    'UnreadableImagesHook',
    'WholeFileBackend',
    'allow_mmengine_checkpoints',
    'check_weights',
    'newest_checkpoint',
    'restrict_checkpoint_loading',
    'stored_config',
    'trust_checkpoints',
    'warn_if_size_differs',
    'weights_of',
]
