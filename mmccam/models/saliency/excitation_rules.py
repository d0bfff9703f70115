"""The rules of excitation backprop: how each layer shares out probabilities."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, Optional

import torch.nn.functional as F
from mmcv.cnn.bricks import NonLocal2d
from torch import Tensor, nn

from ..layers.non_local import NonLocalBlock

LINEAR = (nn.Conv2d, nn.Linear)
BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)
# The ordinary gradient is their rule.
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
PLAIN = (nn.ReLU, *POOLS, nn.Dropout, nn.Dropout2d, nn.Flatten, nn.Identity)
WITH_RULE = (*LINEAR, *BATCH_NORMS, *PLAIN)
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def check_rules(network: nn.Module) -> None:
    """Raise a ValueError that names a layer without a rule, if there is one."""
    for name, layer in network.named_modules():
        if 'data_preprocessor' in name or 'loss_module' in name:
            continue
        is_one = bool(layer._parameters) or not list(layer.children())
        has_rule = type(layer) in WITH_RULE
        is_attention = isinstance(layer, (NonLocalBlock, NonLocal2d))
        if is_attention or is_one and not (has_rule or isinstance(layer, CONTAINERS)):
            raise ValueError(
                f'excitation backprop has no rule for the layer "{name}", '
                f'{type(layer).__name__}: its rules are for convolutions, linear '
                'layers, batch norms, ReLUs and pools'
            )


def ratio(above: Tensor, below: Tensor) -> Tensor:
    """The constant above / below, or 0 where below is 0."""
    quotient = above.detach() / below.detach()
    return quotient.nan_to_num(nan=0, posinf=0, neginf=0)


def excitation(layer: nn.Module, x: Tensor, signs: Optional[Tensor] = None) -> Tensor:
    r"""The part z of a linear layer's outputs that excites.

    .. math:: z_i = \sum_j \max(0, \sigma_i w_{ij}) x_j

    without bias, for inputs x >= 0.

    Args:
        layer: Convolution or linear layer with the weights w.
        x: Its input, (N, C, h, w) or (N, C).
        signs: Signs of the outputs' effect, (channels,). Defaults to 1.
    """
    weight = layer.weight
    if signs is not None:
        weight = weight * signs.reshape(-1, *[1] * (weight.ndim - 1))
    weight = weight.clamp(min=0)
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight)
    return layer._conv_forward(x, weight, None)  # with its padding, of each mode


def excited(y: Tensor, z: Tensor) -> Tensor:
    r"""The output y with the gradient of :math:`z\,y/z`, y/z a constant.

    So a layer passes the probability p of its output on, since :math:`p = y g` with the
    gradient g of the score by y, divided by the score (Zhang et al., Eq. 2):

    .. math:: x_j g_j = \sum_i \frac{x_j w^+_{ij}}{z_i} p_i
    """
    return y.detach() + (z - z.detach()) * ratio(y, z)


class LinearCall(NamedTuple):
    """A call of a linear layer."""

    layer: nn.Module
    x: Tensor
    y: Tensor


class ExcitationRules:
    """Hooks that give the layers of a network the gradients of excitation backprop.

    Layers whose input needs no gradient are left alone.

    Attributes:
        last: The last call of a linear layer.
    """

    def __init__(self) -> None:
        self.last: Optional[LinearCall] = None
        self._lowest: dict[str, Tensor] = {}

    @contextmanager
    def act_on(self, network: nn.Module) -> Iterator[None]:
        """Act during the block. A negative input of a linear layer is a ValueError."""
        rules = {LINEAR: self._linear, BATCH_NORMS: self._batch_norm}
        handles = []
        try:
            for name, layer in network.named_modules():
                for kinds, rule in rules.items():
                    if isinstance(layer, kinds):
                        hook = partial(rule, name)
                        handles.append(layer.register_forward_hook(hook))
            yield
        finally:
            for handle in handles:
                handle.remove()
        for name, lowest in self._lowest.items():
            if lowest < 0:
                raise ValueError(
                    'excitation backprop has no rule for negative inputs, which the '
                    f'layer "{name}" has: there must be a ReLU in front of it'
                )

    def _linear(
        self, name: str, layer: nn.Module, inputs: tuple[Tensor], y: Tensor
    ) -> Optional[Tensor]:
        (x,) = inputs
        if not x.requires_grad:
            return None
        self._lowest[name] = x.detach().amin()
        self.last = LinearCall(layer, x, excited(y, excitation(layer, x)))
        return self.last.y

    def _batch_norm(
        self, name: str, norm: nn.Module, inputs: tuple[Tensor], y: Tensor
    ) -> Optional[Tensor]:
        """One linear layer together with the convolution before it.

        The probability of its output is that of the convolution's. Where the scale is
        negative, negative weights excite.
        """
        (x,) = inputs
        if not x.requires_grad:
            return None
        if self.last is None or self.last.y is not x:
            raise ValueError(
                f'excitation backprop has no rule for the batch norm "{name}": there '
                'must be a convolution right before it, above the layer of the map'
            )
        signs = None if norm.weight is None else norm.weight.sign()
        return excited(y, excitation(self.last.layer, self.last.x, signs))
