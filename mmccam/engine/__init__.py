"""What mmccam adds to mmengine's training loop."""

from .checkpoint import allow_mmengine_checkpoints
from .checkpoint_hook import ResumableCheckpointHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .fitting_weights import FittingWeightsHook, check_weights, weights_of
from .optim_wrapper import BFloat16OptimWrapper
from .restricted_loading import (
    newest_checkpoint,
    restrict_checkpoint_loading,
    trust_checkpoints,
)
from .stored_config import stored_config, warn_if_size_differs
from .unreadable_images_hook import UnreadableImagesHook
from .whole_files import WHOLE_FILES, WholeFileBackend

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
