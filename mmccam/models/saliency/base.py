"""Base of the methods that make maps by gradients."""

from abc import ABC, abstractmethod

import torch
from mmpretrain.models import ImageClassifier


class SaliencyMethod(ABC):
    """A map of a class by backward passes through the network.

    A method is a subclass with ``maps``, registered in ``mmccam.registry.TASK_UTILS``.
    It is named in the ``cams`` of a localization head, beside combination functions.
    :class:`~mmccam.models.SaliencyClassifier` calls it:

    .. code-block:: python

        @TASK_UTILS.register_module()
        class Gradient(SaliencyMethod):
            def maps(self, classifier, images, targets):
                scores = classifier(images).gather(1, targets[:, None])
                (gradient,) = torch.autograd.grad(scores.sum(), images)
                return gradient.abs().amax(dim=1)
    """

    @abstractmethod
    def maps(
        self, classifier: ImageClassifier, images: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """Make the map of one class of each image.

        Args:
            classifier: Gives the logits (N, K) of images; ``extract_feat`` and ``head``
                are its two halves.
            images: Normalized images, (N, 3, H, W). They require a gradient, the
                parameters do not.
            targets: A class of each image, (N,).

        Returns:
            Maps, (N, h, w).
        """
