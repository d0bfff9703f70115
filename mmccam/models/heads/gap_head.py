"""Classification head with global average pooling that also makes the maps."""

from typing import Optional

import torch
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor, nn

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
        return combined_maps(feats[-1], self.fc, weights)


def combined_maps(features: Tensor, fc: nn.Linear, weights: Tensor) -> Tensor:
    """Sum the maps of all classes of a linear layer, with a weight for each (Eq. 4).

    Args:
        features: Feature maps, (N, C, h, w).
        fc: Linear layer of K classes.
        weights: A weight for each class, (N, T, K), float32 or float64.

    Returns:
        Maps, (N, T, h, w), in the precision of the weights.
    """
    # The weights are in the order of the classes, not of their ranks.
    classes = torch.arange(fc.out_features, device=weights.device).expand_as(weights)
    dtype = weights.dtype
    return ccam(features.to(dtype), fc.weight.to(dtype), classes, weights)
