"""Where a classifier of torch, however it is written, has maps: its last linear layer.

The layer and the feature map that it averages are found by hooks on one pass, and
checked: the mean of the map of each class, plus the bias, is its score.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Optional

import torch
from torch import Tensor, nn

# The rounding of products in TF32, which a GPU may use for float32.
TF32 = 2**-10


class Call(NamedTuple):
    """A call of a module: its output, then its inputs; None if not of floats."""

    module: nn.Module
    values: tuple[Optional[Tensor], ...]


class LinearHead(NamedTuple):
    """The last linear layer of a classifier and its feature map, by where they are.

    Args:
        layer: The layer, with weights (K, C) or, as a 1 x 1 convolution, (K, C, 1, 1).
        module: The module that has the feature map.
        call: The number of its call in a pass.
        value: 0 if the map is its output, or the number of an input, from 1.
        channels_last: Whether the map is (N, h, w, C), else it is (N, C, h, w).
    """

    layer: nn.Module
    module: nn.Module
    call: int
    value: int
    channels_last: bool

    def run(self, model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the classifier on images (N, 3, H, W).

        Returns:
            Scores, (N, K), features, (N, C, h, w), and weights, (K, C), in float32.

        Raises:
            ValueError: If the scores are not finite, or not means of the maps.
        """
        with record([self.module]) as calls:
            scores = _scores_of(model, images)
        features = calls[self.call].values[self.value].float()
        features = features.permute(0, 3, 1, 2) if self.channels_last else features
        weight = self.layer.weight.detach().flatten(1).float()
        with torch.autocast(features.device.type, enabled=False):
            means = features.mean(dim=(2, 3)) @ weight.T
        if self.layer.bias is not None:
            means = means + self.layer.bias
        if not _equal(means, scores, eps=TF32):
            names = {module: name for name, module in model.named_modules()}
            raise ValueError(
                f'the scores of {type(model).__name__} are not the means of the maps '
                f'of {names[self.module]} plus a bias'
            )
        return scores.float(), features, weight


@contextmanager
def record(modules: Iterable[nn.Module]) -> Iterator[list[Call]]:
    """Record the calls of modules in the order in which they end."""
    calls = []

    def note(module: nn.Module, args: tuple, kwargs: dict, output: object) -> None:
        values = (output, *args, *kwargs.values())
        calls.append(
            Call(module, tuple(x if _is_of_floats(x) else None for x in values))
        )

    hooks = [one.register_forward_hook(note, with_kwargs=True) for one in modules]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def find_head(model: nn.Module, images: Tensor) -> LinearHead:
    """Find the last linear layer of a classifier and the map that it averages.

    Args:
        model: A classifier in evaluation mode that returns scores (N, K).
        images: Images as the classifier gets them, (N, 3, H, W).

    Raises:
        ValueError: If the scores are not means of maps, with the reason.
    """
    with record(model.modules()) as calls:
        scores = _scores_of(model, images)
    names = {module: name for name, module in model.named_modules()}
    ends = [end for end, call in enumerate(calls) if _gives(call, scores)]
    if not ends:
        raise ValueError(
            f'maps need a last linear layer whose outputs are the scores; '
            f'{type(model).__name__} has none'
        )
    last = calls[ends[-1]]
    pooled = _mean(last.values[1])
    found = next(_candidates(calls, pooled), None)
    if found is None:
        reason = _reason(calls[: ends[-1]], names[last.module], pooled, names)
        raise ValueError(
            f'the scores of {type(model).__name__} are not means of maps: {reason}'
        )
    head = LinearHead(last.module, *found)
    head.run(model, images)
    return head


def _scores_of(model: nn.Module, images: Tensor) -> Tensor:
    """Run a classifier; what is not finite scores (N, K) is a ValueError."""
    scores = model(images)
    if not isinstance(scores, Tensor):
        raise ValueError(
            'a classifier must return scores (N, K): wrap it so that it does, got '
            f'{type(scores).__name__}'
        )
    if scores.dim() != 2:
        shape = tuple(scores.shape)
        raise ValueError(f'a classifier must return scores (N, K), got {shape}')
    if not scores.isfinite().all():
        raise ValueError(f'the scores of {type(model).__name__} are NaN or infinite')
    return scores


def _is_of_floats(x: object) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point()


def _gives(call: Call, scores: Tensor) -> bool:
    """Whether a call is that of a linear layer whose outputs are the scores."""
    layer, output = call.module, call.values[0]
    is_convolution = isinstance(layer, nn.Conv2d) and (
        layer.kernel_size == layer.stride == (1, 1)
        and layer.padding in ((0, 0), 'valid', 'same')
        and layer.groups == 1
    )
    if not (is_convolution or isinstance(layer, nn.Linear)):
        return False
    return _equal(_mean(output), scores)


def _mean(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3)) if x.dim() == 4 else x


def _equal(x: Tensor, wanted: Tensor, eps: float = 0) -> bool:
    """Whether tensors are equal to rounding, relative to the largest number."""
    if x.shape != wanted.shape:
        return False
    eps = max(eps, torch.finfo(x.dtype).eps, torch.finfo(wanted.dtype).eps)
    x, wanted = x.cpu().double(), wanted.cpu().double()  # MPS has no double precision
    return ((x - wanted).abs().max() <= eps**0.5 * wanted.abs().max()).item()


def _candidates(calls: list[Call], pooled: Tensor) -> Iterator[tuple]:
    """Where feature maps with the mean (N, C) are, the nearest to the scores first."""
    left: dict[nn.Module, int] = {}
    for call in calls:
        left[call.module] = left.get(call.module, 0) + 1
    for call in reversed(calls):
        left[call.module] -= 1
        for value, x in enumerate(call.values):
            if x is None or x.dim() != 4:
                continue
            for last, sides in enumerate([(2, 3), (1, 2)]):
                has_positions = max(x.shape[side] for side in sides) > 1
                if has_positions and _equal(x.mean(dim=sides), pooled):
                    yield call.module, left[call.module], value, bool(last)


def _reason(calls: list[Call], layer: str, pooled: Tensor, names: dict) -> str:
    """Say why no feature map of the calls before a layer has the mean (N, C)."""
    advice = '; no map of several positions has its channels: is the input too small?'
    for call in reversed(calls):
        module, x = call.module, call.values[0]
        name = f'{names[module]} ({type(module).__name__})'
        if x is None:
            continue
        if 'Norm' in name and _equal(x.flatten(1), pooled):
            return f'the norm {name} is between the pooling and {layer}'
        if x.dim() == 3 and any(_equal(token, pooled) for token in x.unbind(1)):
            return f'{layer} gets one token of {name}'
        if isinstance(module, nn.Linear) and x.shape == pooled.shape:
            return f'there are two linear layers, {name} is before {layer}'
        if x.dim() == 4 and x.shape[1] == pooled.shape[1] and x.shape[2:].numel() > 1:
            advice = '; or it is pooled, but no module has the map as input or output'
    return f'no feature map has the input of {layer} as its mean{advice}'
