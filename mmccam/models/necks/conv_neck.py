"""Convolutions between backbone and head."""

from collections import OrderedDict
from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import Sequential
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.channels import check_channels
from ..layers.named_layers import NamedLayers


@MODELS.register_module()
class ConvNeck(NamedLayers, Sequential):
    """Convolutions of 3 x 3 with ReLU, whose output follows the maps of the backbone.

    So a head finds the output in ``feats[-1]``, and in ``feats[-2]`` the map that the
    first convolution has read. The convolutions have the names ``conv1``, ``conv2`` and
    so on.

    Args:
        in_channels: Number of channels of the backbone's last map.
        channels: Number of channels of each convolution.
        groups: Groups of each convolution, 2 in the released VGGnet-GAP.
        dropout: Rate of the dropouts in front of each convolution and behind the last
            one, as in the Inception of SPG and Choe et al. Defaults to 0: there are
            none.
        pool: Whether an average pool of 3 x 3 with a stride of 1, which counts its
            padding, comes first, as in the VGG of ACoL. Its output is returned, too.
        out_layers: Further layers to return, see :class:`~mmccam.models.NamedLayers`.
        **kwargs: Further arguments of :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        groups: int = 1,
        dropout: float = 0,
        pool: bool = False,
        out_layers: Sequence[str] = (),
        **kwargs,
    ) -> None:
        layers = OrderedDict()
        if pool:
            layers['pool'] = nn.AvgPool2d(3, stride=1, padding=1)
            out_layers = ('pool', *out_layers)
        widths = (in_channels, *channels)
        for number, width in enumerate(channels, 1):
            if dropout:
                layers[f'dropout{number}'] = nn.Dropout(dropout)
            layers[f'conv{number}'] = ConvModule(
                widths[number - 1], width, 3, padding=1, groups=groups
            )
        if dropout:
            layers['dropout'] = nn.Dropout(dropout)
        super().__init__(layers, out_layers=out_layers, **kwargs)
        self.in_channels = in_channels

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Append the output, (N, C, h, w), to the maps of the backbone."""
        check_channels(self, feats[-1])
        return (*feats, *super().forward(feats[-1]))
