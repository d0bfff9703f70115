"""Excitation backprop: the probability that a neuron excites the score of a class."""

from functools import partial
from typing import Optional

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn

from ...cam import rank_classes, target_weights
from ...registry import TASK_UTILS
from ..combinations import CombinationFunction
from ..layers.named_layers import layer_outputs
from .classifier import SaliencyMethod, check_feature_map
from .excitation_rules import ExcitationRules, check_rules, excitation, ratio

CLASS_ALONE = dict(type='mmccam.TopBottom', i=1, j=0)


@TASK_UTILS.register_module()
class ExcitationBackprop(SaliencyMethod):
    r"""Excitation backprop, MWP (Zhang et al., ECCV 2016; IJCV 2018).

    The class has the probability 1. A layer of weights w and inputs x >= 0 passes the
    probabilities p of its outputs on to its inputs (Eq. 1, 2):

    .. math::
        p_j = \sum_i \frac{x_j w^+_{ij}}{\sum_k x_k w^+_{ik}}\, p_i, \qquad
        w^+ = \max(0, w)

    or 0 where the sum is 0. Biases are left out. ReLUs and batch norms leave p as it
    is, max pools give it to the maximum. Average pools and sums of branches share it in
    proportion to their inputs. The map is the sum of p over the channels of a layer.
    Its sum is 1, but for outputs that no input excites, and if all paths go through the
    layer. With the rules as gradients, p is a layer's output times the gradient of
    :math:`s_c` by it, divided by :math:`s_c` itself.

    Contrastive MWP subtracts, below the last layer, the p of the class with the weights
    -w. The map is the positive part.

    MWP is linear in the probabilities at the top, and so has a CCAM: the class of rank
    k has g(k) instead of a probability, in one backward pass.

    Layers without a rule, such as attention, non-local blocks and LeakyReLU, are a
    ValueError. So are negative inputs of convolutions and linear layers above the
    layer of the map. Its authors call the method patent-pending.

    Args:
        layer: Dotted name of the layer of the map, such as ``backbone.features.9``,
            pool3 of mmpretrain's VGG-16.
        contrastive: Whether to make the map of contrastive MWP. The network must end
            with a linear layer.
        combination: Config of a combination function g(k) for CCAM, without
            ``contrastive``. It ranks by the logits of the image that the map is of.
            Defaults to None: the map of the class alone.
    """

    def __init__(
        self,
        layer: str,
        contrastive: bool = False,
        combination: Optional[dict] = None,
    ) -> None:
        if contrastive and combination is not None:
            raise ValueError(
                'CCAM of contrastive maps has no meaning: set contrastive or '
                'combination, not both'
            )
        self.layer = layer
        self.contrastive = contrastive
        self.combination = TASK_UTILS.build(combination or CLASS_ALONE)
        if not isinstance(self.combination, CombinationFunction):
            raise ValueError(
                'combination must be a combination function, such as mmccam.TopBottom, '
                f'got {type(self.combination).__name__}'
            )

    def check(self, classifier: ImageClassifier) -> None:
        super().check(classifier)
        check_rules(classifier)
        self.combination.coefficients(classifier.head.num_classes)

    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        rules = ExcitationRules()
        start = {self.layer: partial(_start, self.layer)}
        with layer_outputs(classifier, [self.layer], start) as outputs:
            with rules.act_on(classifier):
                logits = classifier(images.detach())
        if self.contrastive:
            evidence = self._contrast(rules, logits)
        else:
            evidence = excite(logits)
        prior = self._prior(logits.detach(), targets)
        output = outputs[self.layer]
        (gradient,) = torch.autograd.grad((prior * evidence).sum(), output)
        maps = (output * gradient).sum(dim=1)
        return maps.relu() if self.contrastive else maps

    def _prior(self, logits: Tensor, targets: Tensor) -> Tensor:
        """What each class has at the top, g of its rank, (N, K)."""
        g, targets = self.combination, targets[:, None]
        coefficients = g.coefficients(logits.shape[1]).to(logits)
        ranking = rank_classes(logits)
        return target_weights(ranking, targets, coefficients, g.target_first)[:, 0]

    def _contrast(self, rules: ExcitationRules, logits: Tensor) -> Tensor:
        """Evidence of each class by its positive weights, less that by the others."""
        layer, x, y = rules.last
        if not isinstance(layer, nn.Linear) or y.shape != logits.shape:
            raise ValueError(
                'contrastive excitation backprop needs a network that ends with a '
                f'linear layer, got {type(layer).__name__}'
            )
        against = excitation(layer, x, -torch.ones_like(layer.weight[:, 0]))
        return excite(excitation(layer, x)) - excite(against)


def excite(scores: Tensor) -> Tensor:
    """Ones with the gradient of the scores, divided by them: 1 each at the top."""
    return scores * ratio(torch.ones_like(scores), scores)


def _start(layer: str, x: Tensor, training: bool) -> Tensor:
    """Begin the graph of gradients at a layer: what is below needs no rule."""
    return check_feature_map(layer, x).detach().requires_grad_()
