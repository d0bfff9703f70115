"""Training in bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from torch import nn

from ..registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16 where it is safe, on a processor or a GPU.

    mmengine's ``AmpOptimWrapper`` needs a GPU. Weights and optimizer stay in float32;
    bfloat16 has the range of float32, so that there is no loss to scale. Faster where
    the processor multiplies bfloat16 itself (AVX512-BF16, AMX).
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the model that is trained under autocast."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
