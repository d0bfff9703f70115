"""The non-local block of NL-CCAM."""

import torch
from mmengine.model import BaseModule
from torch import nn

from .attention import attend


class NonLocalBlock(BaseModule):
    r"""Non-local block of NL-CCAM (WACV 2020, Eq. 7-9).

    .. math::
        \alpha_{ij} = \mathrm{softmax}_j\left(f(x_i)^T g(x_j)\right), \quad
        z_i = \mathrm{BN}\left(k\left(\sum_j \alpha_{ij} h(x_j)\right)\right), \quad
        y_i = z_i + x_i

    with positions i and j of the feature map and 1 x 1 convolutions f (``query``) and
    g (``key``) from C to C / ``reduction`` channels, h (``value``) and k (``project``)
    from C to C channels. The products are not divided by the root of their width, and
    never stand in memory all at once. Fastest with features in ``channels_last``.
    Gain and bias of the batch norm start at 0: a fresh block is the identity.

    Args:
        in_channels: Number of channels C.
        reduction: Factor by which f and g reduce the channels.

    Raises:
        ValueError: If ``reduction`` does not lie between 1 and C.
    """

    def __init__(self, in_channels: int, reduction: int = 8) -> None:
        # The convolutions start as in torch; both survive a container's init_cfg.
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

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to each position what it attends to.

        Args:
            x: Features, (N, C, h, w).

        Returns:
            Features, (N, C, h, w).
        """
        query, key, value = [  # torch 2.1 compiles no generator
            conv(x).flatten(2).transpose(1, 2)  # (N, h * w, channels)
            for conv in (self.query, self.key, self.value)
        ]
        attended = attend(query, key, value).transpose(1, 2)
        return x + self.bn(self.project(attended.unflatten(2, x.shape[2:])))
