"""ResNet whose layers have names."""

import mmpretrain.models

from ...registry import MODELS
from ..layers.named_layers import NamedLayers


@MODELS.register_module()
class ResNet(NamedLayers, mmpretrain.models.ResNet):
    """ResNet of mmpretrain with named layers, see :class:`~mmccam.models.NamedLayers`.

    ``strides`` sets the size of the map. Choe et al. (CVPR 2020) use ResNet-50 with
    ``(1, 2, 2, 1)``, where an image of 224 x 224 gives a map of 14 x 14, or with
    ``(1, 2, 1, 1)``, 28 x 28.
    """
