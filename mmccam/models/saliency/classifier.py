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
from ..layers.named_layers import find_layer


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

    #: Dotted name of the classifier's layer that the maps are of, if they are of one.
    layer: Optional[str] = None

    def check(self, classifier: ImageClassifier) -> None:
        """Raise a ValueError if a classifier is none for this method.

        It is called when the classifier is built, and before it makes maps.
        """
        if self.layer is not None:
            find_layer(classifier, self.layer)

    @abstractmethod
    def maps(
        self, classifier: ImageClassifier, images: Tensor, targets: Tensor
    ) -> Tensor:
        """Make the maps, (N, h, w), of one class of each image, the targets (N,).

        The classifier gives logits (N, K) by ``extract_feat`` and ``head``. Normalized
        images, (N, 3, H, W), alone require a gradient.
        """


def check_feature_map(layer: Optional[str], x: Tensor) -> Tensor:
    """Return the output of a layer, (N, C, h, w); any other one is a ValueError."""
    shape = tuple(x.shape) if isinstance(x, Tensor) else f'a {type(x).__name__}'
    if isinstance(shape, str) or len(shape) != 4:
        name = f'the layer "{layer}"' if layer else 'the last layer before the head'
        raise ValueError(
            f'maps of a layer need feature maps (N, C, h, w), {name} gives {shape}: '
            'name another layer'
        )
    return x


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
        for method in self.head.saliency.values():
            method.check(self)

    def predict(
        self, inputs: Tensor, data_samples: Optional[list[DataSample]] = None, **kwargs
    ) -> list[DataSample]:
        """Predict as mmpretrain does, then add a map of each saliency method."""
        samples = super().predict(inputs, data_samples, **kwargs)
        targets = torch.stack([ClassMaps.read(sample).labels for sample in samples])
        images = torch.arange(len(targets))[:, None].expand_as(targets)
        # A guess that is right is the true class, whose map is made once.
        pairs = torch.stack([images.flatten(), targets.flatten()])
        pairs, inverse = pairs.unique(dim=1, return_inverse=True)
        for name, method in self.head.saliency.items():
            method.check(self)
            parts = [
                self._maps_of(name, inputs[of_image], target.to(inputs.device))
                for of_image, target in pairs.split(len(inputs), dim=1)
            ]
            of_targets = torch.cat(parts)[inverse].unflatten(0, targets.shape)
            (maps,) = to_cpu(of_targets.detach().float())
            for sample, of_image in zip(samples, maps):
                found = ClassMaps.read(sample)
                maps = {**found.maps, name: of_image.clone()}
                ClassMaps(found.labels, maps).write(sample)
        return samples

    def _maps_of(self, name: str, inputs: Tensor, targets: Tensor) -> Tensor:
        """The map of one class of each image, (N, h, w)."""
        with _gradients_of(inputs, self) as images:
            maps = self.head.saliency[name].maps(self, images, targets)
        if maps.ndim != 3 or len(maps) != len(inputs):
            raise ValueError(
                f'the saliency method "{name}" must return maps ({len(inputs)}, h, w), '
                f'got the shape {tuple(maps.shape)}'
            )
        return maps


@contextmanager
def _gradients_of(inputs: Tensor, network: nn.Module) -> Iterator[Tensor]:
    """Compute gradients of the inputs, in full precision, and none of parameters."""
    trained = [x for x in network.parameters() if x.requires_grad]
    # Computing layers again, with_cp, allows no gradients of single tensors.
    again = [x for x in network.modules() if getattr(x, 'with_cp', False)]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        for module in again:
            module.with_cp = False
        with torch.enable_grad(), torch.autocast(inputs.device.type, enabled=False):
            yield inputs.detach().requires_grad_()
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
        for module in again:
            module.with_cp = True
