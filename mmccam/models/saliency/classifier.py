"""Maps that need gradients: base of the methods, and the classifier with them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import ClassMaps
from ..heads.localization_head import LocalizationHead, to_cpu


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
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        """Make the maps, (N, h, w), of one class of each image, the targets (N,).

        The classifier gives logits (N, K) by ``extract_feat`` and ``head``. Normalized
        images, (N, 3, H, W), alone require a gradient.
        """


@MODELS.register_module()
class SaliencyClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier``, with backward passes for saliency methods.

    Gradients are also computed under ``torch.no_grad``, but not under
    ``torch.inference_mode``. The parameters get none. The head must make maps, else a
    ValueError is raised.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.head, LocalizationHead):
            raise ValueError(
                'SaliencyClassifier needs a head that makes maps, such as '
                f'mmccam.GAPClsHead, got {type(self.head).__name__}'
            )
        self.head.allow_saliency = True

    def predict(
        self, inputs: Tensor, data_samples: Optional[list[DataSample]] = None, **kwargs
    ) -> list[DataSample]:
        """Predict as mmpretrain does, then add a map of each saliency method."""
        samples = super().predict(inputs, data_samples, **kwargs)
        targets = torch.stack([ClassMaps.read(sample).labels for sample in samples])
        targets = targets.to(inputs.device)
        for name, method in self.head.saliency.items():
            with _gradients_of(inputs, self) as images:
                of_targets = [method.maps(self, images, t) for t in targets.T]
            for maps in of_targets:
                if maps.ndim != 3 or len(maps) != len(inputs):
                    raise ValueError(
                        f'the saliency method "{name}" must return maps '
                        f'({len(inputs)}, h, w), got the shape {tuple(maps.shape)}'
                    )
            (maps,) = to_cpu(torch.stack(of_targets, dim=1).detach().float())
            for sample, of_image in zip(samples, maps):
                found = ClassMaps.read(sample)
                maps = {**found.maps, name: of_image.clone()}
                ClassMaps(found.labels, maps).write(sample)
        return samples


@contextmanager
def _gradients_of(inputs: Tensor, network: nn.Module) -> Iterator[Tensor]:
    """Compute gradients of the inputs, in full precision, and none of parameters."""
    trained = [x for x in network.parameters() if x.requires_grad]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        with torch.enable_grad(), torch.autocast(inputs.device.type, enabled=False):
            yield inputs.detach().requires_grad_()
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
