"""Other functions in place of the ReLUs of a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# All that PyTorch calls a ReLU. nn.ReLU calls the first.
RELUS = (F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)
NO_RELU = (
    'deconvolution, guided backpropagation and feedback change the ReLUs of a network, '
    'and this one has {}'
)


class _ReplacedReLU(TorchFunctionMode):
    """Calls a function of x instead of each ReLU, also in place, and counts them."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func not in RELUS:
            return func(*args, **(kwargs or {}))
        self.calls += 1
        return self.function(args[0])


@contextmanager
def replaced_relus(function: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Call a function of x in place of all ReLUs of networks that run in the block.

    Modules and calls of functions, also those in place, in this thread alone. If no
    ReLU was called, a ValueError is raised.
    """
    with _ReplacedReLU(function) as mode:
        yield
    if not mode.calls:
        raise ValueError(NO_RELU.format('none'))


def check_relus(classifier: nn.Module) -> None:
    """Raise a ValueError if a network has activations, and none of them is a ReLU."""
    kinds = {type(module) for module in classifier.modules()}
    others = sorted(
        kind.__name__ for kind in kinds if kind.__module__ == nn.ReLU.__module__
    )
    if others and nn.ReLU.__name__ not in others:
        raise ValueError(NO_RELU.format(', '.join(others)))
