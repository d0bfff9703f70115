"""Layers of a network by their names: their outputs, and functions behind them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Callable

from torch import Tensor, nn

Outputs = tuple[Tensor, ...]


class NamedLayers:
    """Mixin for backbones and necks whose layers a config can name.

    ``class ResNet(NamedLayers, mmpretrain.models.ResNet)`` has the argument
    ``out_layers=('layer2', 'layer3.0')``. ``behind`` is for subclasses: a function by
    the name of a layer, whose output x becomes ``function(x, training=...)``. It has no
    parameters, and hooks live during ``forward`` only. So names of parameters,
    pretrained weights, copies and pickles are those of the plain network.

    Args:
        *args: Arguments of the network.
        out_layers: Names of the layers whose outputs come before the network's own
            ones, in this order. The last map stays the last. A layer that there is not,
            or that ``forward`` does not call, is a ValueError.
        **kwargs: Further arguments of the network.
    """

    def __init__(self, *args, out_layers: Sequence[str] = (), **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.behind: dict[str, Callable[..., Tensor]] = {}
        self.set_out_layers(out_layers)

    def set_out_layers(self, out_layers: Sequence[str]) -> None:
        """Choose the layers whose outputs are returned."""
        for name in out_layers:
            find_layer(self, name)
        self.out_layers = tuple(out_layers)

    def train(self, mode: bool = True) -> 'NamedLayers':
        """Set the training mode; unlike mmpretrain's backbones, return the network."""
        super().train(mode)
        return self

    def forward(self, *args, **kwargs) -> Outputs:
        """Return the outputs of ``out_layers``, then those of the network."""
        return self.with_named_layers(super().forward, *args, **kwargs)

    def with_named_layers(self, forward: Callable, *args, **kwargs) -> Outputs:
        """Do the same for a subclass that has its own ``forward``."""
        has_names = self.out_layers or self.behind
        if has_names and self.training and getattr(self, 'with_cp', False):
            raise ValueError(
                'out_layers and functions behind layers need with_cp=False: the '
                'backward pass would compute the layers again without them'
            )
        with layer_outputs(self, self.out_layers, self.behind) as outputs:
            feats = forward(*args, **kwargs)
        feats = feats if isinstance(feats, (tuple, list)) else (feats,)
        return (*(outputs[name] for name in self.out_layers), *feats)


@contextmanager
def layer_outputs(
    network: nn.Module,
    names: Sequence[str],
    behind: Mapping[str, Callable] = MappingProxyType({}),
) -> Iterator[dict[str, Tensor]]:
    """Keep the last outputs of layers, by name, of a network called in the block."""
    outputs: dict[str, Tensor] = {}
    handles = []

    def hook(name: str, _, __, x: Tensor) -> Tensor:
        if name in behind:
            x = behind[name](x, training=network.training)
        outputs[name] = x
        # What follows may change its input in place, as an activation does.
        return x.clone() if name in names else x

    try:
        for name in dict.fromkeys((*names, *behind)):
            layer = find_layer(network, name)
            handles.append(layer.register_forward_hook(partial(hook, name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
    for name in (*names, *behind):
        if name not in outputs:
            raise ValueError(
                f'{type(network).__name__} does not call its layer "{name}": name one '
                'inside or around it'
            )


def find_layer(network: nn.Module, name: str) -> nn.Module:
    """Find a layer by its dotted name."""
    layers = dict(network.named_modules())
    if name and name in layers:
        return layers[name]
    raise ValueError(
        f'{type(network).__name__} has no layer "{name}"; its parts are '
        f'{", ".join(child for child, _ in network.named_children())}'
    )
