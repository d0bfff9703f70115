"""Inception-V3 up to its last layer of 768 channels."""

from collections import OrderedDict
from typing import Optional, Union

from mmengine.model import Sequential
from mmpretrain.models.backbones.inception_v3 import (
    BasicConv2d,
    InceptionA,
    InceptionB,
    InceptionC,
)
from torch import nn

from ...registry import MODELS
from ..layers.named_layers import NamedLayers
from ..pretrained import Pretrained

INIT = (
    dict(type='TruncNormal', layer='Conv2d', std=0.1),
    dict(type='Constant', layer='BatchNorm2d', val=1),
)


@MODELS.register_module()
class InceptionV3(NamedLayers, Pretrained, Sequential):
    """Inception-V3 up to Mixed_6e, as SPG (ECCV 2018) and Choe et al. (CVPR 2020).

    It differs from the network that classifies in this: the first convolution and the
    two pools behind it have a padding of 1, and Mixed_6a a stride of 1. An image of
    224 x 224 gives 768 maps of 14 x 14 or 28 x 28.

    The weights of torchvision and mmpretrain load. Google trained them with images
    between -1 and 1, a mean and std of 127.5, and torchvision converts its input
    (``transform_input``). This network does not, so that the data preprocessor decides.
    SPG and Choe et al. fine-tune them with ImageNet's mean and std as they are.

    Args:
        stride: Stride of the map, 16 or 8. A stride of 16 is reached by ``maxpool3``
            behind Mixed_5d. With a stride of 8, that layer returns its input.
        init_cfg: Initialization. Defaults to that of mmpretrain's Inception-V3.
        **kwargs: Arguments of :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        stride: int = 16,
        init_cfg: Optional[Union[dict, list[dict]]] = None,
        **kwargs,
    ) -> None:
        if stride not in (8, 16):
            raise ValueError(f'stride must be 8 or 16, got {stride!r}')
        mixed_6a = InceptionB(288)
        mixed_6a.branch3x3 = BasicConv2d(288, 384, kernel_size=3, padding=1)
        mixed_6a.branch3x3dbl_3 = BasicConv2d(96, 96, kernel_size=3, padding=1)
        mixed_6a.branch_pool = nn.MaxPool2d(3, stride=1, padding=1)
        maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        layers = OrderedDict(
            Conv2d_1a_3x3=BasicConv2d(3, 32, kernel_size=3, stride=2, padding=1),
            Conv2d_2a_3x3=BasicConv2d(32, 32, kernel_size=3),
            Conv2d_2b_3x3=BasicConv2d(32, 64, kernel_size=3, padding=1),
            maxpool1=nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            Conv2d_3b_1x1=BasicConv2d(64, 80, kernel_size=1),
            Conv2d_4a_3x3=BasicConv2d(80, 192, kernel_size=3),
            maxpool2=nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            Mixed_5b=InceptionA(192, pool_features=32),
            Mixed_5c=InceptionA(256, pool_features=64),
            Mixed_5d=InceptionA(288, pool_features=64),
            maxpool3=maxpool3 if stride == 16 else nn.Identity(),
            Mixed_6a=mixed_6a,
            Mixed_6b=InceptionC(768, channels_7x7=128),
            Mixed_6c=InceptionC(768, channels_7x7=160),
            Mixed_6d=InceptionC(768, channels_7x7=160),
            Mixed_6e=InceptionC(768, channels_7x7=192),
        )
        super().__init__(layers, init_cfg=init_cfg or list(INIT), **kwargs)
