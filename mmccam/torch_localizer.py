"""Boxes from any classifier of torch; nothing of OpenMMLab is needed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, zip_longest
from typing import Callable, Optional, Union

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from .boxes import Size, clip_box
from .cam import activation_maps, rank_classes, target_weights, top_bottom
from .map_boxes import BoxFunction, largest_component, rule_at
from .torch_head import LinearHead, find_head

AnyImage = Union[Image.Image, np.ndarray, Tensor]
# Of ImageNet, for R, G, B from 0 to 1.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RGB = dict(rgb=slice(None), bgr=slice(None, None, -1))


class TorchLocalizer:
    """Classes, maps and boxes from a classifier that is built and loaded.

    .. code-block:: python

        model = torchvision.models.resnet50(weights='DEFAULT')
        localize = mmccam.TorchLocalizer(model)
        box = localize(PIL.Image.open('bird.jpg'))[0]['predictions'][0]['box']

    The score of a class must be the mean of its map plus a bias: there is global
    average pooling, and one linear layer or 1 x 1 convolution. Both are found by hooks
    on the first image, and checked. A norm behind the pooling, a second linear layer, a
    class token or other pooling is a ValueError.

    Args:
        model: The classifier, on any device; of one in ``DataParallel`` the module in
            it. Its training mode stays as it is between the calls.
        size: Side of its input in pixels. PIL images and arrays are resized to a square
            without cropping.
        mean: Mean of R, G and B from 0 to 1.
        std: Their standard deviation.
        combination: Function of the number of classes K that gives g(1) ... g(K), (K,),
            such as ``functools.partial(mmccam.cam.top_bottom, i=1, j=10)``. Defaults to
            None: the map of each class alone (CAM).
        target_first: Whether each predicted class is moved to rank 1 for its map. If
            False, all classes of an image share one map.
        box_rule: Function of :mod:`mmccam.map_boxes`.
        threshold: Its threshold. Defaults to the rule's own.
        num_guesses: How many of the most probable classes are predicted.
        classes: Names of the classes. Defaults to their numbers.
    """

    def __init__(
        self,
        model: nn.Module,
        size: int = 224,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        combination: Optional[Callable[[int], Tensor]] = None,
        target_first: bool = True,
        box_rule: BoxFunction = largest_component,
        threshold: Optional[float] = None,
        num_guesses: int = 1,
        classes: Optional[Sequence[str]] = None,
    ) -> None:
        is_parallel = isinstance(model, (nn.DataParallel, DistributedDataParallel))
        self.model, self.size = model.module if is_parallel else model, size
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)
        self.combination, self.target_first = combination, target_first
        self.box_rule = rule_at(box_rule.__name__, box_rule, threshold)
        self.num_guesses, self.classes = num_guesses, classes
        self.head: Optional[LinearHead] = None

    def __call__(
        self,
        images: Union[AnyImage, Iterable[AnyImage]],
        channel_order: Optional[str] = None,
        batch_size: int = 8,
        labels: Union[int, Iterable[int], None] = None,
    ) -> list[dict]:
        """Find the object in images.

        Args:
            images: An image or several: of PIL; arrays (H, W, 3), uint8; or normalized
                tensors (3, H, W), which the classifier gets as they are, (N, 3, H, W)
                for several.
            channel_order: ``rgb`` or ``bgr``, which arrays need.
            batch_size: How many images the classifier gets at a time.
            labels: The class of each image where it is known, from 0. Then this class
                is predicted, whatever its rank, instead of the most probable ones.

        Returns:
            For each image ``width`` and ``height`` in pixels, and ``predictions``, the
            most probable classes or the known one: ``label``, ``class_name``, ``score``
            (0 ... 1), ``box`` (x0, y0, x1, y1 in pixels, from 0, both ends inside) and
            ``cam``, its map, (h, w), float32. ``shared_map`` is True where several
            classes share one map.

        Raises:
            TypeError: If an image is none of these.
            ValueError: If the classifier can have no maps, an array has no
                ``channel_order``, tensors differ in size, or labels do not fit.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        if isinstance(images, (Image.Image, np.ndarray)) or (
            isinstance(images, Tensor) and images.dim() == 3
        ):
            images, labels = [images], None if labels is None else [labels]
        pairs, results = _with_labels(images, labels), []
        while batch := list(islice(pairs, batch_size)):
            loaded = [self.load(image, channel_order) for image, _ in batch]
            known = None if labels is None else [label for _, label in batch]
            results += self.run(*zip(*loaded), known)
        return results

    def load(self, image: AnyImage, order: Optional[str]) -> tuple[Tensor, Size]:
        """Make the input of the classifier, (3, H, W), and tell the image's size."""
        if isinstance(image, Tensor):
            if image.dim() != 3 or not image.is_floating_point():
                raise ValueError(
                    'a tensor must be normalized, (3, H, W), got the shape '
                    f'{tuple(image.shape)} and {image.dtype}'
                )
            return image, (image.shape[-1], image.shape[-2])
        if isinstance(image, np.ndarray):
            if order not in RGB:
                raise ValueError(
                    "an array needs channel_order='rgb' (PIL, imageio) or 'bgr' "
                    f'(OpenCV, mmcv), got {order!r}'
                )
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise ValueError(
                    'an array must be (H, W, 3), uint8, got the shape '
                    f'{image.shape} and {image.dtype}'
                )
            image = Image.fromarray(np.ascontiguousarray(image[..., RGB[order]]))
        if not isinstance(image, Image.Image):
            raise TypeError(
                'an image must be of PIL, an array or a tensor, got '
                f'{type(image).__name__}'
            )
        pixels = image.convert('RGB').resize([self.size] * 2, Image.BILINEAR)
        pixels = torch.from_numpy(np.array(pixels)) / 255
        return ((pixels - self.mean) / self.std).permute(2, 0, 1), image.size

    def run(
        self,
        inputs: Sequence[Tensor],
        sizes: Sequence[Size],
        known: Optional[Sequence[int]] = None,
    ) -> list[dict]:
        """Localize a batch of inputs as :meth:`load` makes them."""
        return list(self._localize(inputs, sizes, known))

    @torch.no_grad()
    def classify(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Run the classifier once, and find and check what its maps are made of.

        Args:
            inputs: Inputs as :meth:`load` makes them, (3, H, W) each.

        Returns:
            Scores, (N, K), features, (N, C, h, w), and weights, (K, C), in float32.

        Raises:
            ValueError: If inputs differ in size, or there can be no maps.
        """
        shapes = {tuple(one.shape) for one in inputs}
        if len(shapes) > 1:
            raise ValueError(f'tensors must have one shape, got {sorted(shapes)}')
        inputs = torch.stack(inputs).to(next(self.model.parameters()))
        with _evaluating(self.model):
            if self.head is None:
                self.head = find_head(self.model, inputs[:1])
            return self.head.run(self.model, inputs)

    @torch.no_grad()
    def _localize(
        self,
        inputs: Sequence[Tensor],
        sizes: Sequence[Size],
        known: Optional[Sequence[int]],
    ) -> Iterator[dict]:
        """The results of a batch, of which the classes may be known."""
        scores, features, weight = self.classify(inputs)
        ranking = rank_classes(scores)
        labels = self._labels(ranking, known)
        coefficients = self._coefficients(len(weight)).to(weight)
        with torch.autocast(weight.device.type, enabled=False):
            first = self.target_first
            weights = target_weights(ranking, labels, coefficients, first) @ weight
            maps = activation_maps(features, weights).expand(
                -1, labels.shape[1], -1, -1
            )
        probabilities = scores.softmax(1).gather(1, labels)
        is_shared = not self.target_first and self.combination is not None
        is_shared &= known is not None or self.num_guesses > 1
        shared = dict(shared_map=True) if is_shared else {}
        for size, *found in zip(sizes, labels, maps, probabilities):
            predictions = [self._prediction(*one, size) for one in zip(*found)]
            yield dict(width=size[0], height=size[1], **shared, predictions=predictions)

    def _labels(self, ranking: Tensor, known: Optional[Sequence[int]]) -> Tensor:
        """The classes that are predicted, (N, T)."""
        count = ranking.shape[1]
        if self.classes is not None and len(self.classes) != count:
            raise ValueError(
                f'the classifier has {count} classes, but {len(self.classes)} names'
            )
        if known is None:
            if not 1 <= self.num_guesses <= count:
                raise ValueError(
                    'num_guesses must lie between 1 and the number of classes '
                    f'{count}, got {self.num_guesses}'
                )
            return ranking[:, : self.num_guesses]
        for label in known:
            if label not in range(count):
                raise ValueError(
                    f'a label must be a number from 0 to {count - 1}, got {label!r}'
                )
        return torch.tensor([[int(label)] for label in known]).to(ranking)

    def _coefficients(self, count: int) -> Tensor:
        """The coefficients g(1) ... g(K), (K,)."""
        if self.combination is None:
            return top_bottom(count, 1, 0)
        coefficients = self.combination(count)
        if coefficients.shape != (count,):
            raise ValueError(
                f'the combination must give {count} coefficients, got the shape '
                f'{tuple(coefficients.shape)}'
            )
        return coefficients

    def _prediction(
        self, label: Tensor, cam: Tensor, score: Tensor, size: Size
    ) -> dict:
        label, cam = label.item(), cam.cpu().numpy()
        box = clip_box(self.box_rule(cam, size), size)
        name = str(label) if self.classes is None else self.classes[label]
        named = dict(label=label, class_name=name, score=score.item())
        return dict(named, box=list(map(float, box)), cam=cam)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and each module back to its own."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _with_labels(
    images: Iterable[AnyImage], labels: Optional[Iterable[int]]
) -> Iterator[tuple]:
    """Each image with its label, which is None where none are known."""
    if labels is None:
        yield from ((image, None) for image in images)
        return
    missing = object()
    for image, label in zip_longest(images, labels, fillvalue=missing):
        if image is missing or label is missing:
            raise ValueError('each image must have one label')
        yield image, label
