"""AlexNet up to its last convolution."""

from collections import OrderedDict
from typing import Optional, Union

import mmpretrain.models
from mmengine.model import Sequential

from ...registry import MODELS
from ..layers.named_layers import NamedLayers
from ..pretrained import Pretrained


@MODELS.register_module()
class AlexNet(NamedLayers, Pretrained, Sequential):
    """AlexNet of mmpretrain and torchvision up to conv5, as AlexNet-GAP (CVPR 2016).

    An image of 224 x 224 gives 256 maps of 13 x 13. The widths are those of torchvision
    (64, 192, 384, 256, 256), without the local response norms of the first AlexNet.

    Args:
        init_cfg: Initialization. Defaults to None: that of PyTorch.
        **kwargs: Arguments of :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        init_cfg: Optional[Union[dict, list[dict]]] = None,
        **kwargs,
    ) -> None:
        features = mmpretrain.models.AlexNet().features[:-1]  # without its last pool
        layers = OrderedDict(features=features)
        super().__init__(layers, init_cfg=init_cfg, **kwargs)
