"""VGG with non-local blocks."""

from collections.abc import Sequence
from typing import Optional

import torch
from mmcv.cnn import ConvModule
from mmengine.model import ModuleDict
from mmpretrain.models.backbones import VGG
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...registry import MODELS
from ..layers.named_layers import NamedLayers
from ..layers.non_local import NonLocalBlock
from ..pretrained import Pretrained
from ..vgg_weights import adapt_weights

Pools = Sequence[Optional[tuple[int, int]]]
HAS_AVX512 = 'AVX512' in torch.backends.cpu.get_cpu_capability()


@MODELS.register_module()
class NonLocalVGG(NamedLayers, Pretrained, VGG):
    """VGG without its last pool, with non-local blocks between its stages.

    The convolutions have the names of mmpretrain's VGG, so that its checkpoints load.
    So do those of torchvision, by ``init_cfg=dict(type='Pretrained', checkpoint=...)``.
    Loading is an error if weights of a convolution are missing or do not match. So is
    an argument that lies outside its range, a ValueError.

    Args:
        depth: Depth of the VGG: 11, 13, 16 or 19.
        non_local_stages: Stages, from 1, that end with a non-local block, after the
            pool.
        reduction: Channel reduction of the blocks' queries and keys.
        extra_conv: Number of channels of a further 3 x 3 convolution at the end, as
            in VGGnet-GAP (1024). Defaults to None: no such layer.
        num_stages: Number of stages, 1 to 5.
        out_indices: Stages, from 0, whose maps are returned. Defaults to the last.
        frozen_stages: Number of stages whose convolutions are not trained. Non-local
            blocks always are, since they start as the identity.
        norm_cfg: Norm behind each convolution. Defaults to None: no norm.
        act_cfg: Activation behind each convolution.
        norm_eval: Whether batch norms keep their statistics during training.
        with_cp: Whether training computes each stage's convolutions again in the
            backward pass. This saves memory and takes time.
        channels_last: Whether to compute in the memory format ``channels_last``. The
            other format rounds differently. Defaults to None: where it is faster, that
            is everywhere but in training on a CPU without AVX-512.
        init_cfg: Initialization. Defaults to that of mmpretrain's VGG.
        pools: Size and stride of the maximum pool behind each stage, or None for no
            pool. A pool of size 3 has a padding of 1. Defaults to ``(2, 2)`` behind all
            stages but the last, so that each of them halves the map.
        **kwargs: Arguments of :class:`~mmccam.models.NamedLayers`.
    """

    def __init__(
        self,
        depth: int = 16,
        non_local_stages: Sequence[int] = (2, 3, 4, 5),
        reduction: int = 8,
        extra_conv: Optional[int] = None,
        num_stages: int = 5,
        out_indices: Optional[Sequence[int]] = None,
        frozen_stages: int = -1,
        norm_cfg: Optional[dict] = None,
        act_cfg: dict = dict(type='ReLU'),  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        channels_last: Optional[bool] = None,
        init_cfg: Optional[dict] = None,
        pools: Optional[Pools] = None,
        **kwargs,
    ) -> None:
        out_indices = (num_stages - 1,) if out_indices is None else tuple(out_indices)
        depths = sorted(VGG.arch_settings)
        if depth not in depths:
            raise ValueError(f'depth must be one of {depths}, got {depth!r}')
        _check_stages('num_stages', [num_stages], 1, 5)
        _check_stages('non_local_stages', non_local_stages, 1, num_stages)
        _check_stages('out_indices', out_indices, 0, num_stages - 1)
        _check_stages('frozen_stages', [frozen_stages], -1, num_stages)
        _check_norm(norm_cfg, norm_eval, with_cp)
        super().__init__(
            depth=depth,
            num_stages=num_stages,
            dilations=(1,) * num_stages,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            norm_eval=norm_eval,
            with_last_pool=False,
            **({} if init_cfg is None else dict(init_cfg=init_cfg)),
        )
        # A backbone knows no classes, and ClassNumCheckHook compares what says it does.
        del self.num_classes
        self.with_cp = with_cp
        self.channels_last = channels_last
        if pools is not None:
            self._replace_pools(pools)
        self._add_blocks(non_local_stages, reduction)
        self._add_extra_conv(extra_conv, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self._freeze_stages()
        self.set_named_layers(**kwargs)

    def _replace_pools(self, pools: Pools) -> None:
        """Put other pools in their places, so that the convolutions keep theirs."""
        ends = [end - 1 for _, end in self.range_sub_modules]
        if len(pools) != len(ends):
            raise ValueError(
                f'pools must have an entry for each of the {len(ends)} stages, got '
                f'{pools}'
            )
        self.features.append(nn.Identity())  # the last stage has no place for one
        ends[-1] += 1
        self.range_sub_modules[-1][1] += 1
        for end, pool in zip(ends, pools):
            self.features[end] = nn.Identity() if pool is None else _max_pool(*pool)

    def _add_blocks(self, stages: Sequence[int], reduction: int) -> None:
        channels = {stage: 64 * 2 ** min(stage - 1, 3) for stage in stages}
        # mmengine's container lets the blocks keep their own initialization.
        self.non_local_blocks = ModuleDict(
            {str(k): NonLocalBlock(channels[k], reduction) for k in stages}
        )

    def _add_extra_conv(self, channels: Optional[int], **kwargs) -> None:
        self.extra_conv = None
        if channels is not None:
            kwargs.update(kernel_size=3, padding=1, bias=True)
            self.extra_conv = ConvModule(self.in_channels, channels, **kwargs)

    def adapt_weights(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give weights of a file, with the names of any program, our names."""
        return adapt_weights(self, weights)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps, (N, C, h, w), of normalized images, (N, 3, H, W).

        Outputs of ``out_layers`` come before those of the stages in ``out_indices``.
        """
        return self.with_named_layers(self._run_stages, x)

    def _choose_format(self, x: Tensor) -> torch.memory_format:
        is_last = self.channels_last
        if is_last is None:  # oneDNN computes gradients of weights slowly in it
            is_last = not (self.training and x.is_cpu and not HAS_AVX512)
        return torch.channels_last if is_last else torch.contiguous_format

    def _run_stages(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        last = len(self.stage_blocks) - 1
        x = x.contiguous(memory_format=self._choose_format(x))
        for index, (start, end) in enumerate(self.range_sub_modules):
            stage = self.features[start:end]
            if self.with_cp and self.training:  # nothing in a stage is random
                x = checkpoint(stage, x, use_reentrant=False, preserve_rng_state=False)
            else:
                x = stage(x)
            block = str(index + 1)
            if block in self.non_local_blocks:
                x = self.non_local_blocks[block](x)
            if index == last and self.extra_conv is not None:
                x = self.extra_conv(x)
            if index in self.out_indices:
                maps.append(x)
        return tuple(maps)


def _check_stages(name: str, stages: Sequence[int], low: int, high: int) -> None:
    wrong = [stage for stage in stages if not low <= stage <= high]
    if wrong:
        raise ValueError(f'{name} must lie between {low} and {high}, got {wrong[0]}')


def _check_norm(norm_cfg: Optional[dict], norm_eval: bool, with_cp: bool) -> None:
    if with_cp and norm_cfg is not None and not norm_eval:
        raise ValueError(
            f'with_cp needs norm_eval with the norm_cfg {norm_cfg}: computing a '
            'stage again would count its batch twice in the statistics'
        )


def _max_pool(size: int, stride: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(size, stride, padding=(size - 1) // 2)
