"""The combination functions g(k) that a config can name."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Optional

import torch

from ..cam import polynomial, single_rank, top_bottom
from ..registry import TASK_UTILS


class CombinationFunction(ABC):
    """Weights for the class activation maps by the rank of their class.

    A function of your own is a subclass with ``coefficients``, registered in
    ``mmccam.registry.TASK_UTILS`` and named ``mmccam.<class>`` in configs.

    Args:
        target_first: Whether a target class other than the most probable is moved to
            rank 1, the order of the rest kept. If False, all targets share one map.
    """

    def __init__(self, target_first: bool = False) -> None:
        self.target_first = target_first

    @abstractmethod
    def coefficients(self, num_classes: int) -> torch.Tensor:
        """Return g(1) ... g(K) for K classes, (K,), float32.

        Raises:
            ValueError: If the function has no meaning for this many classes.
        """


@TASK_UTILS.register_module()
@dataclass(eq=False)
class Polynomial(CombinationFunction):
    """Polynomial combination (Eq. 5), as of :func:`mmccam.cam.polynomial`.

    The ``degree`` is 0 for a step, 1 linear, 2 quadratic, 3 cubic.
    """

    degree: int
    p: Optional[float] = None
    target_first: bool = False

    def coefficients(self, num_classes: int) -> torch.Tensor:
        return polynomial(num_classes, self.degree, self.p)


@TASK_UTILS.register_module()
@dataclass(eq=False)
class TopBottom(CombinationFunction):
    """Top-i & bottom-j combination (Eq. 6), as of :func:`mmccam.cam.top_bottom`.

    Top-1 & bottom-0 is the plain class activation map.
    """

    i: int
    j: int
    target_first: bool = True

    def coefficients(self, num_classes: int) -> torch.Tensor:
        return top_bottom(num_classes, self.i, self.j)


@TASK_UTILS.register_module()
@dataclass(eq=False)
class SingleRank(CombinationFunction):
    """The map of one rank k alone, as of :func:`mmccam.cam.single_rank`."""

    k: int
    target_first: bool = False

    def coefficients(self, num_classes: int) -> torch.Tensor:
        return single_rank(num_classes, self.k)
