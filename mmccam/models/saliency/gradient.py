"""The gradient of a score by the image, with the ReLUs of three methods."""

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor
from torch.autograd import Function

from ...registry import TASK_UTILS
from .classifier import SaliencyMethod
from .relus import check_relus, replaced_relus


@TASK_UTILS.register_module()
class Saliency(SaliencyMethod):
    r"""Backprop (Simonyan et al., ICLR workshop 2014): the gradient by the image.

    .. math:: M_c(x, y) = \max_{\mathrm{colour}}
        \left|\frac{\partial s_c}{\partial I(x, y)}\right|

    with :math:`s_c` the score of class c before the softmax. Maps have the size of the
    image. Their CCAM has no meaning, since the absolute value is not linear in the
    scores.
    """

    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        return image_saliency(classifier, images, targets)


def image_saliency(
    classifier: ImageClassifier, images: Tensor, targets: Tensor
) -> Tensor:
    """The largest absolute value of the gradient over the colours, (N, H, W).

    Args:
        classifier: Gives logits, (N, K).
        images: Normalized images, (N, 3, H, W).
        targets: A class for each image, (N,).
    """
    scores = classifier(images).gather(1, targets[:, None])
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    return gradient.abs().amax(dim=1)


class DeconvolutionReLU(Function):
    r"""ReLU that passes :math:`\max(g, 0)` of a gradient g, whatever its input was."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x.relu()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient.relu()


class GuidedReLU(Function):
    r"""ReLU that passes :math:`\max(g, 0)` of a gradient g where its input is > 0."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x > 0)
        return x.relu()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (is_positive,) = ctx.saved_tensors
        return gradient.relu() * is_positive


@TASK_UTILS.register_module()
class Deconvolution(SaliencyMethod):
    r"""Deconvolutional network (Zeiler and Fergus, ECCV 2014).

    As :class:`Saliency`, but each ReLU passes the positive part of the gradient,
    whatever its input was. Max pools go back to their maxima. The network must have
    ReLUs, else a ValueError is raised. The method is not linear in the scores, so that
    its CCAM has no meaning.
    """

    _relu = DeconvolutionReLU

    def check(self, classifier: ImageClassifier) -> None:
        check_relus(classifier)

    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        with replaced_relus(self._relu.apply):
            return image_saliency(classifier, images, targets)


@TASK_UTILS.register_module()
class GuidedBackprop(Deconvolution):
    """Guided backpropagation (Springenberg et al., ICLR workshop 2015).

    As :class:`Deconvolution`, but a ReLU passes the positive part of the gradient only
    where its input is positive.
    """

    _relu = GuidedReLU
