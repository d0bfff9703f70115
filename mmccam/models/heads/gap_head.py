"""Classification head with global average pooling that also makes the maps."""

from typing import Optional

import torch
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor

from ...cam import activation_maps, ccam
from ...registry import MODELS
from ..layers.channels import check_channels
from .localization_head import Feats, LocalizationHead, full_precision


@MODELS.register_module()
class GAPClsHead(LocalizationHead, LinearClsHead):
    """Global average pooling and a linear layer on the raw feature map.

    Loss, scores and names of parameters are those of mmpretrain's ``LinearClsHead``.

    Args:
        num_classes: Number of classes K.
        in_channels: Number of channels C of the last feature map.
        cams, num_guesses: See :meth:`LocalizationHead.set_maps`.
        **kwargs: Further arguments of mmpretrain's ``LinearClsHead``. A loss without a
            scope is mmpretrain's, in a config of another toolbox too.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        cams: Optional[dict[str, dict]] = None,
        num_guesses: int = 1,
        **kwargs,
    ) -> None:
        # Other toolboxes have other losses under the names of mmpretrain's.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            super().__init__(num_classes, in_channels, **kwargs)
        self.set_maps(cams, num_guesses)

    def pre_logits(self, feats: Feats) -> Tensor:
        """Average the last feature map over its positions, (N, C), or a ValueError."""
        check_channels(self, feats[-1])
        return feats[-1].mean(dim=(2, 3))

    @torch.no_grad()
    def plain_maps(self, feats: Feats, targets: Tensor) -> Tensor:
        """Make the maps of classes (Eq. 2, 3), without combination or gradient.

        Args:
            feats: Feature maps of backbone and neck, (N, C, h, w) each.
            targets: Classes that the maps are for, (N, T).

        Returns:
            Maps, (N, T, h, w), float32 or float64, under autocast too.
        """
        features = full_precision(feats[-1])
        with torch.autocast(features.device.type, enabled=False):
            return activation_maps(features, self.fc.weight[targets].to(features))

    def class_maps(self, feats: Feats, weights: Tensor, targets: Tensor) -> Tensor:
        """Combine the maps of all classes (Eq. 4), see :func:`mmccam.cam.ccam`."""
        classes = torch.arange(self.num_classes, device=weights.device)
        # The weights are in the order of the classes, not of their ranks.
        fc_weight = self.fc.weight.to(weights.dtype)
        return ccam(feats[-1], fc_weight, classes.expand_as(weights), weights)
