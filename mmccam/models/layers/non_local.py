"""The non-local block of NL-CCAM and its attention."""

from collections.abc import Iterator
from functools import cache
from itertools import product

import torch
import torch.nn.functional as F
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

try:
    from torch.compiler import is_compiling
except ImportError:  # torch 2.1 has it elsewhere
    from torch._utils import is_compiling

# Their products with some thousand keys stay in a processor's cache.
QUERIES_AT_ONCE = 128


class NonLocalBlock(BaseModule):
    r"""Non-local block of NL-CCAM (WACV 2020, Eq. 7-9).

    .. math::
        \alpha_{ij} &= \mathrm{softmax}_j(f(x_i)^T g(x_j)) & \text{(Eq. 7)} \\
        z_i &= \mathrm{BN}(k(\sum_j \alpha_{ij} h(x_j))) & \text{(Eq. 8)} \\
        y_i &= z_i + x_i & \text{(Eq. 9)}

    for positions i and j of the feature map. f (``query``), g (``key``), h (``value``)
    and k (``project``) are 1 x 1 convolutions, f and g to C / ``reduction`` channels.
    The products are not divided by the root of their width. Eq. 8 prints h multiplied
    by alpha, which is the same with f and g exchanged. Gain and bias of the batch
    norm start at 0: a fresh block is the identity. ``channels_last`` is fastest.

    Args:
        in_channels: Number of channels C.
        reduction: Factor by which f and g reduce the channels, 1 to C.
    """

    def __init__(self, in_channels: int, reduction: int = 8) -> None:
        # Weights of convolutions start as in torch, biases at 0. Both initializations
        # survive that of a container.
        super().__init__(
            init_cfg=[
                dict(
                    type='Kaiming',
                    layer='Conv2d',
                    a=5**0.5,
                    mode='fan_in',
                    nonlinearity='leaky_relu',
                    distribution='uniform',
                ),
                dict(type='Constant', layer='_BatchNorm', val=0),
            ]
        )
        if not 1 <= reduction <= in_channels:
            raise ValueError(
                'reduction must lie between 1 and the number of channels '
                f'{in_channels}, got {reduction}'
            )
        reduced = in_channels // reduction
        self.query = nn.Conv2d(in_channels, reduced, kernel_size=1)
        self.key = nn.Conv2d(in_channels, reduced, kernel_size=1)
        self.value = nn.Conv2d(in_channels, in_channels, kernel_size=1)
        self.project = nn.Conv2d(in_channels, in_channels, kernel_size=1)
        self.bn = nn.BatchNorm2d(in_channels)
        nn.init.zeros_(self.bn.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Add to each position what it attends to, (N, C, h, w) to (N, C, h, w)."""
        query, key, value = [  # f(x), g(x), h(x); torch 2.1 compiles no generator
            conv(x).flatten(2).transpose(1, 2)  # (N, h * w, channels)
            for conv in (self.query, self.key, self.value)
        ]
        attended = attend(query, key, value)  # Eq. 7 and the sum of Eq. 8
        attended = attended.transpose(1, 2).unflatten(2, x.shape[2:])
        z = self.bn(self.project(attended))  # Eq. 8
        return x + z  # Eq. 9, in the memory format of x


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    r"""Average the values by the softmax of each query's products with the keys.

    .. math:: o_i = \sum_j \alpha_{ij} v_j, \quad
        \alpha_{ij} = \mathrm{softmax}_j\left(q_i^T k_j\right)

    All products, (L, L) an image, are never in memory at once, in training neither.
    In a traced or compiled model this needs a fused kernel of PyTorch. Queries q and
    keys k are (N, L, d), values v and averages o are (N, L, C).
    """
    if query.is_cpu and not _is_traced():
        return chunked_attention(query, key, value)
    return fused_attention(query, key, value)


def _is_traced() -> bool:
    """Whether the operations are recorded, which those in chunks are too many for."""
    return is_compiling() or torch.jit.is_tracing()


def fused_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """:func:`attend` by a fused kernel of PyTorch, where there is one.

    All kernels want contiguous rows whose widths are multiples of 8; those of CPUs and
    FlashAttention want equal widths. So rows end with zeros, which change no product.
    """
    widths = [-(-rows.shape[-1] // 8) * 8 for rows in (query, key, value)]
    is_flash = query.dtype in (torch.float16, torch.bfloat16) and max(widths) <= 256
    if query.is_cpu or is_flash:
        widths = [max(widths)] * 3
    inputs = [
        F.pad(rows, (0, width - rows.shape[-1])).contiguous().unsqueeze(1)
        for rows, width in zip((query, key, value), widths)
    ]
    if (query.is_cpu or query.is_cuda) and not _is_traced():
        # PyTorch would take its plain form, of quadratic memory, without a word.
        if torch._fused_sdp_choice(*inputs, scale=1.0) == 0:
            _log_missing_kernel(query.device.type, query.dtype)
            return chunked_attention(query, key, value)
    attended = F.scaled_dot_product_attention(*inputs, scale=1.0).squeeze(1)
    return attended[..., : value.shape[-1]]


@cache
def _log_missing_kernel(device: str, dtype: torch.dtype) -> None:
    MMLogger.get_current_instance().warning(
        f'PyTorch has no fused attention for {dtype} on this {device}: the non-local '
        'blocks compute it in chunks, which is correct but slower'
    )


def chunked_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """:func:`attend` for a few images and queries at a time."""
    if query.dtype == torch.float16:  # the products of its gradients might overflow
        query, key, value = (x.float() for x in (query, key, value))
        return ChunkedAttention.apply(query, key, value).half()
    return ChunkedAttention.apply(query, key, value)


class ChunkedAttention(torch.autograd.Function):
    r"""The softmax of a few queries at a time.

    Faster on a CPU than the fused kernel, which multiplies the zeros too. Like that
    kernel it makes :math:`\alpha` again in the backward pass:

    .. math::
        dv = \alpha^T do, \quad
        ds = \alpha \circ (do\, v^T - D), \; D_i = do_i^T o_i, \quad
        dq = ds\, k, \quad dk = ds^T q

    Products of bfloat16 are in bfloat16, the softmax and sums over chunks in float32.
    """

    @staticmethod
    def forward(ctx, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Compute the averages, see :func:`attend`."""
        out = torch.empty_like(value, memory_format=torch.contiguous_format)
        with torch.autocast(query.device.type, enabled=False):
            for images, rows, weights, _ in _chunks(query, key):
                out[images, rows] = weights.to(value.dtype) @ value[images]
        ctx.save_for_backward(query, key, value, out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, ...]:
        """Compute the gradients of queries, keys and values."""
        query, key, value, out = ctx.saved_tensors
        dtype = _sum_dtype(query)
        dots = (grad.to(dtype) * out).sum(dim=-1, keepdim=True)
        grad_query = torch.empty_like(query)
        grad_key, grad_value = (torch.zeros_like(x, dtype=dtype) for x in (key, value))
        with torch.autocast(query.device.type, enabled=False):
            for images, rows, weights, scores in _chunks(query, key):
                some = grad[images, rows]
                grad_value[images] += weights.to(some.dtype).mT @ some
                if some.dtype == dtype:
                    torch.bmm(some, value[images].mT, out=scores)
                else:  # no product of half precision has a result of float32
                    scores.copy_(some @ value[images].mT)
                scores = scores.sub_(dots[images, rows]).mul_(weights).to(some.dtype)
                grad_query[images, rows] = scores @ key[images]
                grad_key[images] += scores.mT @ query[images, rows]
        return grad_query, grad_key.to(key.dtype), grad_value.to(value.dtype)


def _chunks(
    query: Tensor, key: Tensor
) -> Iterator[tuple[slice, slice, Tensor, Tensor]]:
    """Yield images and queries, their softmax and a buffer (images, queries, L).

    On a CPU an image a thread. The memory is the same each time: new memory would cost
    as much time as the products.
    """
    images_at_once = max(1, len(query))
    if query.is_cpu:
        images_at_once = min(images_at_once, torch.get_num_threads())
    query, key = (x.to(_sum_dtype(x)) for x in (query, key))
    buffers = query.new_empty(2, images_at_once, QUERIES_AT_ONCE, key.shape[1])
    for image, row in product(
        range(0, len(query), images_at_once),
        range(0, query.shape[1], QUERIES_AT_ONCE),
    ):
        images = slice(image, image + images_at_once)
        rows = slice(row, row + QUERIES_AT_ONCE)
        some = query[images, rows]
        weights, scores = buffers[:, : some.shape[0], : some.shape[1]]
        torch.bmm(some, key[images].mT, out=scores)
        torch.softmax(scores, dim=-1, out=weights)
        yield images, rows, weights, scores


def _sum_dtype(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)
