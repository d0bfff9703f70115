"""The non-local block behind pool2 of VGG-16, forward and backward."""

from argparse import Namespace
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmccam.models import NonLocalBlock
from mmccam.models.layers.non_local import fused_attention

from .device import PRECISIONS, count_operations, peak_memory, seconds_of
from .measure import Form, Measurement, Part

CHANNELS = 128
STRIDE = 4  # of the map to the image


class PlainBlock(NonLocalBlock):
    """Eq. 7-9 one after the other, with all products of an image in memory."""

    def forward(self, x: Tensor) -> Tensor:
        convs = self.query, self.key, self.value
        attended = self.attend(*(conv(x).flatten(2) for conv in convs))
        return x + self.bn(self.project(attended.view_as(x)))

    @staticmethod
    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return value @ (query.mT @ key).softmax(dim=-1).mT


class RowsBlock(PlainBlock):
    """The same with the last product transposed, for which processors are faster."""

    @staticmethod
    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return ((query.mT @ key).softmax(dim=-1) @ value.mT).mT.contiguous()


class FusedBlock(PlainBlock):
    """With PyTorch's fused attention."""

    @staticmethod
    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return fused_attention(query.mT, key.mT, value.mT).mT.contiguous()


def make_step(
    block: NonLocalBlock, count: int, side: int, **kwargs
) -> tuple[Tensor, Callable[[], None]]:
    """Draw maps for images of a side, and make a step of the block on them."""
    maps = torch.randn(count, CHANNELS, side // STRIDE, side // STRIDE).to(**kwargs)
    maps.requires_grad_()

    def step() -> None:
        block.zero_grad()
        maps.grad = None
        out = block(maps)
        out.backward(out.detach() / count)  # of the mean of squares, to a factor

    return maps, step


def run_block(kind: type, precision: str, args: Namespace) -> Measurement:
    """Run steps of a block class, of which the first gets the device warm."""
    is_plain, dtype = issubclass(kind, PlainBlock), PRECISIONS[precision]
    times = 1 if args.device == 'cpu' else 20
    with peak_memory(args.device) as peak:
        torch.manual_seed(args.seed)
        block = kind(CHANNELS)
        torch.nn.init.ones_(block.bn.weight)  # or the block would do nothing
        block.to(args.device, dtype)
        layout = torch.contiguous_format if is_plain else torch.channels_last
        options = dict(device=args.device, dtype=dtype, memory_format=layout)
        maps, step = make_step(block, args.batch_size, args.image_side, **options)
        step()
        seconds = seconds_of(lambda: [step() for _ in range(times)])
        megabytes = peak()
    grads = [maps.grad, *(parameter.grad for parameter in block.parameters())]
    norms = [grad.float().norm().item() for grad in grads]
    return Measurement(times * args.batch_size, seconds, np.array(norms), megabytes)


def count_block(args: Namespace) -> int:
    """The operations of a step with one image."""
    block = PlainBlock(CHANNELS).to('meta')
    return count_operations(make_step(block, 1, args.image_side, device='meta')[1])


BLOCK = Part(
    'Step of the block after pool2: {batch_size} images of side {image_side}',
    run_block,
    {
        'plain': Form(PlainBlock),
        'plain, rows': Form(RowsBlock),
        'fused kernel': Form(FusedBlock),
        'mmccam': Form(NonLocalBlock),
        'plain, rows, TF32': Form(RowsBlock, 'TF32', gpu_only=True),
        'mmccam, TF32': Form(NonLocalBlock, 'TF32', gpu_only=True),
        'plain, rows, bfloat16': Form(RowsBlock, 'bfloat16'),
        'mmccam, bfloat16': Form(NonLocalBlock, 'bfloat16'),
        'plain, rows, float16': Form(RowsBlock, 'float16', gpu_only=True),
        'mmccam, float16': Form(NonLocalBlock, 'float16', gpu_only=True),
    },
    tolerances=(1e-4, 5e-2),
    fresh=True,
    operations=count_block,
)
