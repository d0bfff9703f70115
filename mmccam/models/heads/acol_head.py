"""Adversarial complementary learning: a second branch for what the first one omits."""

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...cam import min_max
from ...registry import MODELS
from ..layers.channels import check_channels, check_count
from ..necks.conv_neck import ConvNeck
from .gap_head import GAPClsHead, combined_maps
from .localization_head import Feats


def erase(features: Tensor, attention: Tensor, threshold: float) -> Tensor:
    r"""Erase the object parts that branch A has found (ACoL, section 3.3).

    .. math:: \tilde f^n(x, y) = f^n(x, y) \; [\text{not } a(x, y) \ge \delta]

    NaN, the attention of a constant map, erases nothing.

    Args:
        features: Feature maps f that both branches share, (N, C, h, w).
        attention: Attention a, 0 ... 1 or NaN, (N, 1, h, w).
        threshold: Threshold δ.

    Returns:
        Feature maps with zeros where the attention reaches the threshold, (N, C, h, w).
    """
    return features.masked_fill(attention >= threshold, 0)


@MODELS.register_module()
class ACoLHead(GAPClsHead):
    r"""Head of ACoL with two branches.

    Zhang et al., *Adversarial Complementary Learning for Weakly Supervised Object
    Localization*, CVPR 2018. Branch A is the neck and the layer ``fc``. Branch B has
    two convolutions of its own and the layer ``fc_b``. It gets the shared features
    erased by A's map of a class, stretched to 0 ... 1: in training of the true class,
    in prediction of the class that the map is for. The loss is the sum of both
    branches' cross entropies. Scores and ranking are A's. The map of class c is

    .. math:: M^c = \max(\mathrm{stretch}(A^c), \mathrm{stretch}(B^c))

    CCAM is not in the paper. Here each branch sums the maps of all classes with g(k) of
    A's ranking, then both are stretched, and the maximum is taken. The erasing uses the
    plain map of the target, as in training. So maps differ by target even where g(k)
    does not. A map is NaN if that of a branch is constant.

    Args:
        num_classes: Number of classes K.
        in_channels: Number of channels C of the last feature map, which comes from a
            neck such as ``mmccam.ConvNeck``. Those of branch B have as many.
        shared_channels: Number of channels of the feature map before it, which the neck
            has read.
        threshold: Threshold δ of the attention, 0 < δ <= 1.
        **kwargs: Further arguments of :class:`~mmccam.models.GAPClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        shared_channels: int,
        threshold: float = 0.6,
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        if not 0 < threshold <= 1:
            raise ValueError(
                f'threshold must lie above 0 and not above 1, got {threshold}'
            )
        self.threshold = threshold
        self.branch_b = ConvNeck(shared_channels, (in_channels, in_channels))
        self.fc_b = nn.Linear(in_channels, num_classes)

    def loss(
        self, feats: Feats, data_samples: list[DataSample], **kwargs
    ) -> dict[str, Tensor]:
        """Compute the losses of both branches, ``loss_a`` and ``loss_b``."""
        losses = super().loss(feats, data_samples, **kwargs)
        losses['loss_a'] = losses.pop('loss')
        labels = torch.stack([sample.gt_label for sample in data_samples])
        logits = self.fc_b(self.complement(feats, labels).mean(dim=(2, 3)))
        losses['loss_b'] = self._get_loss(logits, data_samples, **kwargs)['loss']
        return losses

    def complement(self, feats: Feats, targets: Tensor) -> Tensor:
        """Compute the features of branch B, (N, C, h, w), of one class, (N, 1)."""
        check_count(self, feats, 2)
        check_channels(self.branch_b, feats[-2], 'branch B of ACoL')
        attention = min_max(self.plain_maps(feats, targets))
        erased = erase(feats[-2], attention, self.threshold)
        return self.branch_b((erased.to(self.fc_b.weight.dtype),))[-1]

    def class_maps(self, feats: Feats, weights: Tensor, targets: Tensor) -> Tensor:
        """Combine the maps of both branches, with one pass of B for each target."""
        maps_a = super().class_maps(feats, weights, targets)
        weights = weights.expand(-1, targets.shape[1], -1)
        maps_b = [
            combined_maps(self.complement(feats, target), self.fc_b, weight)
            for target, weight in zip(targets.split(1, dim=1), weights.split(1, dim=1))
        ]
        return torch.maximum(min_max(maps_a), min_max(torch.cat(maps_b, dim=1)))
