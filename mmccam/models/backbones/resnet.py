"""ResNet whose layers have names."""

from collections.abc import Sequence

import mmpretrain.models

from ...registry import MODELS
from ..layers.named_layers import NamedLayers
from ..pretrained import Pretrained


@MODELS.register_module()
class ResNet(NamedLayers, Pretrained, mmpretrain.models.ResNet):
    """ResNet of mmpretrain with named layers, for the weights of torchvision too.

    Args:
        depth: Depth of the ResNet: 18, 34, 50, 101 or 152.
        strides: Stride of each stage. Choe et al. (CVPR 2020) use ``(1, 2, 2, 1)``,
            where an image of 224 x 224 gives a map of 14 x 14, or ``(1, 2, 1, 1)``,
            28 x 28.
        num_stages: Number of stages, 1 to 4.
        **kwargs: Further arguments of mmpretrain's ResNet and of
            :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        depth: int,
        strides: Sequence[int] = (1, 2, 2, 2),
        num_stages: int = 4,
        **kwargs,
    ) -> None:
        depths = sorted(self.arch_settings)
        if depth not in depths:
            raise ValueError(f'depth must be one of {depths}, got {depth!r}')
        if len(strides) != num_stages:
            raise ValueError(
                f'strides must have an entry for each of the {num_stages} stages, got '
                f'{strides}'
            )
        super().__init__(depth, strides=strides, num_stages=num_stages, **kwargs)
