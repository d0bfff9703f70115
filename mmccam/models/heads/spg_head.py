"""Self-produced guidance: branches that learn where object and background are."""

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...cam import min_max
from ...registry import MODELS
from ..layers.channels import check_channels, check_count
from .gap_head import GAPClsHead
from .localization_head import Feats, full_precision

SIDE = 224  # pixels of a side of the maps that guide, whatever the image
FEW = 30  # with fewer pixels of an object its mask has another threshold
SHARE = 0.7  # which is this share of the maximum
WIDTH_C = 512


def guidance(maps: Tensor, high: float, low: float) -> tuple[Tensor, Tensor]:
    r"""Mark object and background by two thresholds (SPG, Eq. 1).

    .. math:: 1 \text{ if } m(x, y) > h, \quad 0 \text{ if } m(x, y) < l

    and else unknown. Where fewer than 30 pixels of a map are above h, 0.7 of its
    maximum replaces h for this map. The background overrides the object. Of a map of
    NaN no pixel is known.

    Args:
        maps: Attention or probability m of the object, (N, 1, H, W).
        high: Threshold h.
        low: Threshold l.

    Returns:
        Whether a pixel is marked as the object, and whether it is known, both of the
        shape (N, 1, H, W).
    """
    is_object = maps > high
    is_small = is_object.sum(dim=(2, 3), keepdim=True) < FEW
    peak = maps.amax(dim=(2, 3), keepdim=True)
    is_object = torch.where(is_small, maps > SHARE * peak, is_object)
    is_background = maps < low
    return is_object & ~is_background, is_object | is_background


def guided_loss(logits: Tensor, is_object: Tensor, is_known: Tensor) -> Tensor:
    """Average the binary cross entropy over the known pixels of a batch (SPG, Eq. 2).

    Args:
        logits: Logits of the object, (N, 1, H, W).
        is_object: Whether a pixel is marked as the object, (N, 1, H, W).
        is_known: Whether it counts, (N, 1, H, W).

    Returns:
        The loss, 0 if no pixel is known.
    """
    losses = F.binary_cross_entropy_with_logits(
        logits, is_object.to(logits.dtype), reduction='none'
    )
    return (losses * is_known).sum() / is_known.sum().clamp(min=1)


def enlarge(maps: Tensor) -> Tensor:
    """Resize maps to 224 x 224, in float32 at least."""
    maps = full_precision(maps)
    return F.interpolate(maps, (SIDE, SIDE), mode='bilinear', align_corners=False)


@MODELS.register_module()
class SPGHead(GAPClsHead):
    """Head of SPG, with the guidance branches B1, B2 and C beside the classifier A.

    Zhang et al., *Self-produced Guidance for Weakly-supervised Object Localization*,
    ECCV 2018. In training A's map of the true class guides B2, B2 guides B1, and the
    mean of B1 and B2 guides C. No gradient flows to what guides. Scores and maps are
    A's alone, so that prediction is that of :class:`~mmccam.models.GAPClsHead`. A head
    of that type on the same network is SPG-plain.

    The branches read the first feature map (B1), the second (B2) and the last (C), each
    by a convolution of 3 x 3. B1 and B2 share what follows.

    Args:
        num_classes: Number of classes K.
        in_channels: Number of channels C of the last feature map.
        b_channels: Number of channels of the first and of the second feature map.
        b_width: Number of channels inside B1 and B2, 1024 on ResNet-50 in the code of
            Choe et al.
        thresholds_b1: Thresholds (h, l) of what guides B1, 0 <= l <= h <= 1.
        thresholds_b2: Those of what guides B2. Choe et al. use (0.7, 0.01).
        thresholds_c: Those of what guides C.
        **kwargs: Further arguments of :class:`~mmccam.models.GAPClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        b_channels: tuple[int, int],
        b_width: int = 512,
        thresholds_b1: tuple[float, float] = (0.5, 0.05),
        thresholds_b2: tuple[float, float] = (0.7, 0.05),
        thresholds_c: tuple[float, float] = (0.7, 0.1),
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.thresholds = dict(b1=thresholds_b1, b2=thresholds_b2, c=thresholds_c)
        for name, (high, low) in self.thresholds.items():
            if not 0 <= low <= high <= 1:
                raise ValueError(
                    f'thresholds_{name} must be (h, l) with 0 <= l <= h <= 1, got '
                    f'({high}, {low})'
                )
        self.b1, self.b2 = (_conv(channels, b_width) for channels in b_channels)
        self.b_shared = nn.Sequential(_conv(b_width, b_width), nn.Conv2d(b_width, 1, 1))
        self.c = nn.Sequential(_conv(in_channels, WIDTH_C), nn.Conv2d(WIDTH_C, 1, 1))

    def loss(
        self, feats: Feats, data_samples: list[DataSample], **kwargs
    ) -> dict[str, Tensor]:
        """Compute ``loss_cls`` of A and ``loss_b1``, ``loss_b2`` and ``loss_c``."""
        losses = super().loss(feats, data_samples, **kwargs)
        losses['loss_cls'] = losses.pop('loss')
        labels = torch.stack([sample.gt_label for sample in data_samples])
        logits = {name: enlarge(x) for name, x in self.branch_logits(feats).items()}
        b1, b2 = (logits[name].detach().sigmoid() for name in ('b1', 'b2'))
        attention = min_max(enlarge(self.plain_maps(feats, labels)))
        for name, guide in dict(b1=b2, b2=attention, c=(b1 + b2) / 2).items():
            marks = guidance(guide, *self.thresholds[name])
            losses[f'loss_{name}'] = guided_loss(logits[name], *marks)
        return losses

    def branch_logits(self, feats: Feats) -> dict[str, Tensor]:
        """Compute the logits of the object by branch, (N, 1, h, w) each."""
        check_count(self, feats, 3)
        logits = {}
        for name, feat in zip(('b1', 'b2'), feats):
            branch = getattr(self, name)
            check_channels(branch, feat, f'branch {name.upper()} of SPG')
            logits[name] = self.b_shared(branch(feat))
        return dict(logits, c=self.c(feats[-1]))


def _conv(in_channels: int, channels: int) -> ConvModule:
    return ConvModule(in_channels, channels, 3, padding=1)
