"""Grad-CAM and two methods after it: maps of a layer, weighted by gradients."""

from abc import abstractmethod
from functools import partial
from typing import Optional

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor

from ...registry import TASK_UTILS
from ..layers.named_layers import layer_outputs
from .classifier import SaliencyMethod, check_feature_map


class _WeightedActivation(SaliencyMethod):
    r"""The positive part of the sum of a layer's channels, each with a weight.

    .. math:: M_c = \max\left(0, \sum_k w_k^c A^k\right)
    """

    def __init__(self, layer: Optional[str] = None) -> None:
        self.layer = layer

    @abstractmethod
    def weights(self, activation: Tensor, gradient: Tensor) -> Tensor:
        """Weights, (N, C, 1, 1) or (N, C, h, w).

        Args:
            activation: Output A of the layer, (N, C, h, w).
            gradient: Gradient of the score of the class by A, (N, C, h, w).
        """

    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        if self.layer is None:
            feats = classifier.extract_feat(images)
            activation = check_feature_map(None, feats[-1])
            logits = classifier.head(feats)
        else:
            check = {self.layer: partial(_checked, self.layer)}
            with layer_outputs(classifier, [self.layer], check) as outputs:
                logits = classifier(images)
            activation = outputs[self.layer]
        scores = logits.gather(1, targets[:, None])
        (gradient,) = torch.autograd.grad(scores.sum(), activation)
        weights = self.weights(activation, gradient)
        return (weights * activation).sum(dim=1).relu()


def _checked(layer: str, x: Tensor, training: bool) -> Tensor:
    return check_feature_map(layer, x)


@TASK_UTILS.register_module()
class GradCAM(_WeightedActivation):
    r"""Grad-CAM (Selvaraju et al., ICCV 2017).

    .. math::
        w_k^c &= \frac{1}{Z} \sum_{i,j} \frac{\partial s_c}{\partial A_{ij}^k}
        & \text{(Eq. 1)} \\
        M_c &= \max\left(0, \sum_k w_k^c A^k\right) & \text{(Eq. 2)}

    for the Z positions of a layer's output A. On a network with global average pooling
    that of the last feature map is the positive part of CAM, divided by Z. Its CCAM
    has no meaning, since it has no negative part.

    Args:
        layer: Dotted name of a layer of the classifier, such as ``backbone.layer3``.
            Defaults to None: the last feature map of backbone and neck.
    """

    def weights(self, activation: Tensor, gradient: Tensor) -> Tensor:
        return gradient.mean(dim=(2, 3), keepdim=True)


@TASK_UTILS.register_module()
class GradCAMPlusPlus(_WeightedActivation):
    r"""Grad-CAM++ (Chattopadhyay et al., WACV 2018), with arguments as ``GradCAM``.

    .. math::
        w_k^c = \sum_{i,j} \alpha_{ij}^{kc} \max(0, g_{ij}^k), \qquad
        \alpha_{ij}^{kc} = \frac{(g_{ij}^k)^2}
        {2 (g_{ij}^k)^2 + (g_{ij}^k)^3 \sum_{a,b} A_{ab}^k}

    with g the gradient of the score :math:`s_c` by A. The paper takes that of
    :math:`\exp(s_c)`, which multiplies a map by :math:`\exp(s_c)` and may overflow.
    Where the denominator is 0, so is :math:`\alpha`. Its CCAM has no meaning.
    """

    def weights(self, activation: Tensor, gradient: Tensor) -> Tensor:
        total = activation.sum(dim=(2, 3), keepdim=True)
        # Divided by g^2, which may be too small for a number of its own.
        below = 2 + gradient * total
        alpha = (gradient != 0) / torch.where(below == 0, torch.inf, below)
        return (alpha * gradient.relu()).sum(dim=(2, 3), keepdim=True)


@TASK_UTILS.register_module()
class LayerCAM(_WeightedActivation):
    r"""LayerCAM (Jiang et al., TIP 2021), with arguments as ``GradCAM``.

    .. math:: w_{ij}^{kc} = \max\left(0, \frac{\partial s_c}{\partial A_{ij}^k}\right)

    A weight for each position, so that maps of early layers are precise. Its CCAM has
    no meaning, as that of Grad-CAM.
    """

    def weights(self, activation: Tensor, gradient: Tensor) -> Tensor:
        return gradient.relu()
