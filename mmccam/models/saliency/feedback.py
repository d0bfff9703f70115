"""Feedback: gates behind each ReLU that keep what raises the score of a class."""

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor
from torch.autograd import Function

from ...registry import TASK_UTILS
from .classifier import SaliencyMethod
from .gradient import image_saliency
from .relus import check_relus, replaced_relus


@TASK_UTILS.register_module()
class Feedback(SaliencyMethod):
    r"""Feedback (Cao et al., ICCV 2015; TPAMI 2019): the gradient through gates.

    Each output h of a ReLU, of each image, has a gate z, at first 1. A round computes
    the score :math:`s_c` with z h instead of h, and then new gates:

    .. math:: z = \left[\frac{\partial s_c}{\partial (z h)} > 0\right]

    - FSP, feedback selective pruning: the gradient goes down through the gates of
      this round. The new ones serve from the next round on.
    - FR, feedback recovering: the gradient goes down through the new gates, from layer
      to layer. So a layer below sees only what the new gates above let through.

    The map is the largest absolute value over the colours of the gradient by the image,
    through the gates of the last round, of the size of the image. The authors' network
    for PyTorch has gates in front of each layer, of the image too; their other one has
    them behind ReLUs, as here.

    The network must have ReLUs, else a ValueError is raised. The method is not linear
    in the scores, so that its CCAM has no meaning. It needs ``rounds + 1`` backward
    passes for each class whose map is made.

    Args:
        rounds: Number of rounds, at least 1.
        recovering: Whether to use FR instead of FSP.
    """

    def __init__(self, rounds: int = 5, recovering: bool = False) -> None:
        if rounds < 1:
            raise ValueError(f'rounds must be 1 or more, got {rounds}')
        self.rounds = rounds
        self.recovering = recovering

    def check(self, classifier: ImageClassifier) -> None:
        check_relus(classifier)

    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        gates: list[Tensor] = []
        for _ in range(self.rounds):
            gates, _ = gated_pass(classifier, images, targets, gates, self.recovering)
        return gated_pass(classifier, images, targets, gates)[1]


def gated_pass(
    classifier: ImageClassifier,
    images: Tensor,
    targets: Tensor,
    gates: list[Tensor],
    recovering: bool = False,
) -> tuple[list[Tensor], Tensor]:
    """Go through the network and back with gates behind its ReLUs.

    Args:
        classifier: Gives logits, (N, K).
        images: Normalized images, (N, 3, H, W).
        targets: A class for each image, (N,).
        gates: z of each ReLU in the order of their calls, of the shape of its output.
            Empty: all are open.
        recovering: Whether the gradient goes down through the new gates.

    Returns:
        The new gates, and the map of the gradient by the image, (N, H, W).
    """
    found: list[Tensor] = []

    def gated_relu(x: Tensor) -> Tensor:
        number = len(found)
        h = x.relu()
        # Of a ReLU that the score does not depend on, the gates stay.
        found.append(gates[number] if gates else torch.ones_like(h, dtype=torch.bool))
        return _Gate.apply(h, found[number], found, number, recovering)

    with replaced_relus(gated_relu):
        maps = image_saliency(classifier, images, targets)
    return found, maps


class _Gate(Function):
    """z h; its backward pass writes the new z to the list of all gates."""

    @staticmethod
    def forward(
        ctx, h: Tensor, z: Tensor, gates: list[Tensor], number: int, recovering: bool
    ) -> Tensor:
        ctx.save_for_backward(z)
        ctx.gates, ctx.number, ctx.recovering = gates, number, recovering
        return h * z

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple:
        (z,) = ctx.saved_tensors
        new = ctx.gates[ctx.number] = gradient > 0
        return gradient * (new if ctx.recovering else z), None, None, None, None
