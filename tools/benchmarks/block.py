"""The first non-local block of VGG-16, forward and backward."""

from argparse import Namespace
from functools import partial

import numpy as np
import torch

from mmccam.models import NonLocalBlock
from mmccam.models.layers.non_local import fused_attention

from .measure import Form, Measurement, Part, peak_memory, seconds_of

CHANNELS = 128
STRIDE = 4  # of the map to the image


class PlainBlock(NonLocalBlock):
    """Eq. 7-9 as printed, with all products of an image in memory."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        convs = self.query, self.key, self.value
        attended = self.attend(*(conv(x).flatten(2) for conv in convs))
        return x + self.bn(self.project(attended.view_as(x)))

    @staticmethod
    def attend(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
    ) -> torch.Tensor:
        return value @ (query.mT @ key).softmax(dim=-1).mT


class RowsBlock(PlainBlock):
    """The same with the last product transposed, for which processors are faster."""

    @staticmethod
    def attend(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
    ) -> torch.Tensor:
        return ((query.mT @ key).softmax(dim=-1) @ value.mT).mT.contiguous()


class FusedBlock(PlainBlock):
    """With PyTorch's fused attention."""

    @staticmethod
    def attend(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
    ) -> torch.Tensor:
        return fused_attention(query.mT, key.mT, value.mT).mT.contiguous()


def run_block(
    block_class: type[NonLocalBlock], dtype: torch.dtype, args: Namespace
) -> Measurement:
    """Run two steps, of which the second counts."""
    is_plain = issubclass(block_class, PlainBlock)
    memory_format = torch.contiguous_format if is_plain else torch.channels_last
    with peak_memory() as peak:
        torch.manual_seed(args.seed)
        side = args.image_side // STRIDE
        block = block_class(CHANNELS)
        torch.nn.init.ones_(block.bn.weight)  # or the block would do nothing
        block.to(dtype)
        x = torch.randn(args.batch_size, CHANNELS, side, side, dtype=dtype)
        x = x.contiguous(memory_format=memory_format).requires_grad_()

        def step() -> None:
            block.zero_grad()
            x.grad = None
            block(x).square().mean().backward()

        step()
        seconds = seconds_of(step)
        megabytes = peak()
    grads = [x.grad, *(parameter.grad for parameter in block.parameters())]
    norms = [grad.float().norm() for grad in grads]
    return Measurement(args.batch_size, seconds, np.array(norms), megabytes)


def _form(block: type[NonLocalBlock], dtype: torch.dtype = torch.float32) -> Form:
    tolerance = 1e-4 if dtype == torch.float32 else 5e-2
    return Form(partial(run_block, block, dtype), tolerance)


BLOCK = Part(
    'Step of the block after pool2: {batch_size} images of side {image_side}',
    {
        'plain': _form(PlainBlock),
        'plain, rows': _form(RowsBlock),
        'fused kernel': _form(FusedBlock),
        'mmccam': _form(NonLocalBlock),
        'plain, rows, bfloat16': _form(RowsBlock, torch.bfloat16),
        'mmccam, bfloat16': _form(NonLocalBlock, torch.bfloat16),
    },
    fresh=True,
)
