"""Attention-based dropout layer (ADL), Choe & Shim, CVPR 2019."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor


def attention_dropouts(
    layers: Sequence[str], drop_rate: float = 0.75, threshold: float = 0.9
) -> dict[str, Callable[..., Tensor]]:
    """Give the function that acts behind each layer, see :func:`attention_dropout`.

    Args:
        layers: Names of the layers.
        drop_rate: Probability, 0 to 1, of the drop mask. Else there is the importance
            map.
        threshold: Share of the maximum, 0 to 1, from which on a position is dropped.

    Raises:
        ValueError: If a number lies outside its range.
    """
    for name, value in dict(drop_rate=drop_rate, threshold=threshold).items():
        if not 0 <= value <= 1:
            raise ValueError(f'{name} of adl must lie between 0 and 1, got {value!r}')
    act = partial(attention_dropout, drop_rate=drop_rate, threshold=threshold)
    return dict.fromkeys(layers, act)


def attention_dropout(
    x: Tensor, training: bool, drop_rate: float, threshold: float
) -> Tensor:
    r"""Hide the most discriminative part of feature maps, or weight their positions.

    With one number :math:`u` for the whole batch, uniform in 0 to 1:

    .. math::
        y = x \circ M_{drop} \text{ if } \lfloor u + r \rfloor = 1, \text{ else }
        x \circ M_{imp}

    Args:
        x: Feature maps, (N, C, h, w).
        training: Whether the network trains. Else x is returned.
        drop_rate: r, the probability of the drop mask.
        threshold: :math:`\gamma`, see :func:`drop_mask`.
    """
    if not training:
        return x
    attention = self_attention(x)
    # Drawn on the CPU, whose stream each epoch seeds.
    if torch.floor(torch.rand([]) + drop_rate) == 1:
        return x * drop_mask(attention, threshold).to(x.dtype)
    return x * importance_map(attention).to(x.dtype)


def self_attention(x: Tensor) -> Tensor:
    r"""Average over the channels, :math:`a = \frac{1}{C} \sum_c x_c`, (N, 1, h, w).

    In float32 at least, so that half precision gives the same masks.
    """
    dtype = torch.promote_types(x.dtype, torch.float32)
    return x.mean(dim=1, keepdim=True, dtype=dtype)


def importance_map(attention: Tensor) -> Tensor:
    r"""Weight each position by :math:`M_{imp} = \sigma(a)`, (N, 1, h, w)."""
    return attention.sigmoid()


def drop_mask(attention: Tensor, threshold: float) -> Tensor:
    r"""Keep the positions where :math:`a < \gamma \max a`, (N, 1, h, w), boolean.

    The maximum is that of each image. No gradient passes.
    """
    return attention < threshold * attention.amax(dim=(2, 3), keepdim=True)
