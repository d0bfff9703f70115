"""TS-CAM: maps of patch tokens, times the attention of the class token.

Gao et al., *TS-CAM: Token Semantic Coupled Attention Map for Weakly Supervised Object
Localization*, ICCV 2021.
"""

from contextlib import ExitStack
from functools import partial
from typing import Optional

import torch
from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ...registry import MODELS
from ..layers.channels import check_channels
from ..pretrained import Pretrained, StateDict
from .localization_head import Feats, LocalizationHead, full_precision


def class_attention(qkv: Tensor, num_heads: int) -> Tensor:
    r"""How much the class token attends to each patch in one layer.

    .. math:: a_p = \frac{1}{H} \sum_{h=1}^{H}
        \mathrm{softmax}_p \left( q^h_0 \cdot k^h_p / \sqrt{d} \right)

    The mean over the H heads of row 0, the class token's, of the attention. The softmax
    is over all tokens. Only this row is computed, in float32 at least.

    Args:
        qkv: Queries, keys and values of the tokens 0 (class) ... P, (N, 1 + P, 3 H d).
        num_heads: Number of heads H.

    Returns:
        Attention to the patches 1 ... P, (N, P), which sums to 1 with that to token 0.
    """
    query, key, _ = full_precision(qkv).unflatten(-1, (3, num_heads, -1)).unbind(2)
    # A product and a sum, since autocast would compute a matrix product in 16 bits.
    scores = (query[:, :1] * key).sum(-1) / key.shape[-1] ** 0.5  # (N, 1 + P, H)
    return scores.softmax(dim=1).mean(-1)[:, 1:]


@MODELS.register_module()
class ClassAttentionViT(Pretrained, VisionTransformer):
    """mmpretrain's ``VisionTransformer``, with the attention of its class token.

    Names of parameters are those of mmpretrain's, so that its checkpoints load.

    Args:
        *args: Arguments of ``VisionTransformer``.
        **kwargs: Further arguments of it, except ``out_type``, which is ``'featmap'``,
            and ``with_cls_token``, which is True.
    """

    def __init__(self, *args, **kwargs) -> None:
        wanted = dict(out_type='featmap', with_cls_token=True)
        for name, value in wanted.items():
            if kwargs.setdefault(name, value) != value:
                raise ValueError(
                    f'ClassAttentionViT needs {name}={value!r}, got {kwargs[name]!r}'
                )
        super().__init__(*args, **kwargs)

    def adapt_weights(self, weights: StateDict) -> StateDict:
        """Resize the position embedding of a checkpoint, and check the weights."""
        self._prepare_pos_embed(weights, prefix='')
        return super().adapt_weights(weights)

    def forward(self, x: Tensor) -> Feats:
        r"""Compute attention and patch tokens of normalized images, (N, 3, H, W).

        Returns:
            The class token's attention to the patches, summed over all layers,
            (N, 1, h, w), without gradient, then the maps of patch tokens, (N, D, h, w).
            In training, where nothing needs it, the attention is 0.
        """
        rows = []

        def keep(num_heads: int, _, __, qkv: Tensor) -> None:
            rows.append(class_attention(qkv.detach(), num_heads))

        # Hooks that stayed would be copied and pickled with the network.
        with ExitStack() as hooks:
            for attn in () if self.training else [layer.attn for layer in self.layers]:
                hook = partial(keep, attn.num_heads)
                hooks.enter_context(attn.qkv.register_forward_hook(hook))
            maps = super().forward(x)
        zeros = maps[-1].new_zeros(len(x), 1, *maps[-1].shape[2:])
        return (sum((row.view_as(zeros) for row in rows), zeros), *maps)


@MODELS.register_module()
class TSCAMHead(LocalizationHead):
    r"""A 3 x 3 convolution of patch tokens to class maps, averaged to logits.

    .. math:: s_c = \frac{1}{P} \sum_p S_c(p), \qquad M_c = a \cdot S_c

    with the output :math:`S_c` of the convolution, its bias included, and the attention
    a of :class:`ClassAttentionViT`, the same for all classes.

    Args:
        num_classes: Number of classes K.
        in_channels: Number of channels D of the patch tokens, 384 for DeiT-S. The
            backbone must be a :class:`ClassAttentionViT`.
        cams, num_guesses: See :meth:`LocalizationHead.set_maps`.
        **kwargs: Further arguments of mmpretrain's ``ClsHead``. A loss without a scope
            is mmpretrain's, in a config of another toolbox too.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        cams: Optional[dict[str, dict]] = None,
        num_guesses: int = 1,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        self.set_maps(cams, num_guesses)

    def pre_logits(self, feats: Feats) -> Tensor:
        """The patch tokens, (N, D, h, w), or a ValueError if no attention is there."""
        if len(feats) < 2 or feats[0].shape[1] != 1:
            raise ValueError(
                'TSCAMHead needs the attention of the class token before the patch '
                'tokens: set the type of the backbone to "mmccam.ClassAttentionViT"'
            )
        check_channels(self, feats[-1])
        return feats[-1]

    def forward(self, feats: Feats) -> Tensor:
        """Average the class maps over their positions to logits, (N, K)."""
        return self.conv(self.pre_logits(feats)).mean(dim=(2, 3))

    def class_maps(self, feats: Feats, weights: Tensor, targets: Tensor) -> Tensor:
        """Combine the maps of all classes (Eq. 4): the attention is common to them."""
        patches = self.pre_logits(feats)
        # A network in 16 bits has float32 maps, too.
        weight, bias = self.conv.weight.to(patches), self.conv.bias.to(patches)
        semantic_maps = conv2d(patches, weight, bias, padding=1)
        return feats[0] * torch.einsum('ntk,nkhw->nthw', weights, semantic_maps)
