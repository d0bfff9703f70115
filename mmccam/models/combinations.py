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
class ReleasedQuadratic(CombinationFunction):
    r"""The quadratic combination of the authors' released code.

    It falls from 1 to 0 at the first n = K // 2 ranks and from 0 to -1 at the others:

    .. math::
        g(k) = \left(\frac{n - k}{n - 1}\right)^2 \; (k \le n), \qquad
        g(k) = -\left(\frac{k - n - 1}{K - n - 1}\right)^2 \; (k > n)

    For K = 200 it differs from Eq. 5 by at most 0.0025.
    """

    def coefficients(self, num_classes: int) -> torch.Tensor:
        if num_classes < 4:
            raise ValueError(f'two zeros need at least 4 classes, got {num_classes}')
        half = num_classes // 2
        foreground = torch.linspace(1, 0, half, dtype=torch.float64)
        background = torch.linspace(0, 1, num_classes - half, dtype=torch.float64)
        return torch.cat([foreground.square(), -background.square()]).float()


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
class AboveMean(CombinationFunction):
    r"""The map of the first class minus the mean of the maps of all K classes.

    .. math::
        g(1) = 1 - \frac{1}{K}, \qquad g(k) = -\frac{1}{K} \; (k > 1)

    This is the CAM of weights whose mean over the classes is 0. Probabilities do not
    depend on this mean, but CAM does. It is not of the paper.
    """

    target_first: bool = True

    def coefficients(self, num_classes: int) -> torch.Tensor:
        return single_rank(num_classes, 1) - 1 / num_classes


@TASK_UTILS.register_module()
@dataclass(eq=False)
class SingleRank(CombinationFunction):
    """The map of one rank k alone, as of :func:`mmccam.cam.single_rank`."""

    k: int
    target_first: bool = False

    def coefficients(self, num_classes: int) -> torch.Tensor:
        return single_rank(num_classes, self.k)
