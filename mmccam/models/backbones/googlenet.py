"""GoogLeNet up to its layer inception4e."""

from collections import OrderedDict
from typing import Optional, Union

import torchvision
from mmengine.model import Sequential

from ...registry import MODELS
from ..layers.named_layers import NamedLayers
from ..pretrained import Pretrained

INIT = (
    dict(type='TruncNormal', layer='Conv2d', std=0.01),
    dict(type='Constant', layer='BatchNorm2d', val=1),
)


@MODELS.register_module()
class GoogLeNet(NamedLayers, Pretrained, Sequential):
    """GoogLeNet of torchvision up to inception4e, as GoogLeNet-GAP (CVPR 2016).

    An image of 224 x 224 gives 832 maps of 14 x 14. It is not the paper's network,
    which mmpretrain and torchvision do not have. This one has batch norms instead of
    local response norms, and 3 x 3 convolutions in place of those of 5 x 5.

    The weights of torchvision load. They are made for images between -1 and 1, a mean
    and std of 127.5 in the data preprocessor; torchvision converts its input
    (``transform_input``), this network does not.

    Args:
        init_cfg: Initialization. Defaults to that of torchvision.
        **kwargs: Arguments of :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        init_cfg: Optional[Union[dict, list[dict]]] = None,
        **kwargs,
    ) -> None:
        complete = torchvision.models.GoogLeNet(aux_logits=False, init_weights=False)
        names = [name for name, _ in complete.named_children()]
        names = names[: names.index('inception4e') + 1]
        layers = OrderedDict((name, getattr(complete, name)) for name in names)
        super().__init__(layers, init_cfg=init_cfg or list(INIT), **kwargs)
