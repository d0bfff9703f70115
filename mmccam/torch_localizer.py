"""Boxes from any classifier of torch; nothing of OpenMMLab is needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Callable, Optional, Union

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from .boxes import Size, clip_box
from .cam import ccam, move_to_front, rank_classes, top_bottom
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
        model: The classifier. Its training mode stays as it is between the calls.
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
        self.model, self.size = model, size
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)
        self.combination, self.target_first = combination, target_first
        self.box_rule = rule_at(box_rule.__name__, box_rule, threshold)
        self.num_guesses, self.classes = num_guesses, classes
        self.head: Optional[LinearHead] = None

    def __call__(
        self,
        images: Union[AnyImage, Sequence[AnyImage]],
        channel_order: Optional[str] = None,
        batch_size: int = 8,
    ) -> list[dict]:
        """Find the object in images.

        Args:
            images: An image or several: of PIL; arrays (H, W, 3), uint8; or normalized
                tensors (3, H, W), which the classifier gets as they are, (N, 3, H, W)
                for several.
            channel_order: ``rgb`` or ``bgr``, which arrays need.
            batch_size: How many images the classifier gets at a time.

        Returns:
            For each image ``width`` and ``height`` in pixels, and ``predictions``, the
            most probable classes: ``label``, ``class_name``, ``score`` (0 ... 1),
            ``box`` (x0, y0, x1, y1 in pixels, from 0, both ends inside) and ``cam``,
            its map, (h, w), float32.

        Raises:
            TypeError: If an image is none of these.
            ValueError: If the classifier can have no maps, an array has no
                ``channel_order``, or tensors differ in size.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        if isinstance(images, (Image.Image, np.ndarray)) or (
            isinstance(images, Tensor) and images.dim() == 3
        ):
            images = [images]
        rest, results = iter(images), []
        with torch.no_grad(), _evaluating(self.model):
            while batch := list(islice(rest, batch_size)):
                loaded = [self._load(image, channel_order) for image in batch]
                results += self._localize(*zip(*loaded))
        return results

    def _load(self, image: AnyImage, order: Optional[str]) -> tuple[Tensor, Size]:
        """The input of the classifier, (3, H, W), and the size of the image."""
        if isinstance(image, Tensor):
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

    def _localize(self, inputs: tuple[Tensor], sizes: tuple[Size]) -> Iterator[dict]:
        """The results of a batch."""
        shapes = {tuple(one.shape) for one in inputs}
        if len(shapes) > 1:
            raise ValueError(f'tensors must have one shape, got {sorted(shapes)}')
        parameter = next(self.model.parameters())
        inputs = torch.stack(inputs).to(parameter)
        if self.head is None:
            self.head = find_head(self.model, inputs[:1])
        scores, features, weight = self.head.run(self.model, inputs)
        labels, maps = self._maps(scores, features, weight)
        for index, size in enumerate(sizes):
            found = zip(
                labels[index], maps[index], scores[index].softmax(0)[labels[index]]
            )
            yield dict(
                width=size[0],
                height=size[1],
                predictions=[self._prediction(*one, size) for one in found],
            )

    def _maps(
        self, scores: Tensor, features: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The most probable classes, (N, T), and their maps, (N, T, h, w)."""
        count = scores.shape[1]
        if not 1 <= self.num_guesses <= count:
            raise ValueError(
                f'num_guesses must lie between 1 and the number of classes {count}, '
                f'got {self.num_guesses}'
            )
        if self.classes is not None and len(self.classes) != count:
            raise ValueError(
                f'the classifier has {count} classes, but {len(self.classes)} names'
            )
        ranking = rank_classes(scores)
        labels = ranking[:, : self.num_guesses]
        rankings = ranking.unsqueeze(1).expand(-1, self.num_guesses, -1)
        if self.target_first:
            rankings = move_to_front(ranking, labels)
        combination = self.combination or (lambda count: top_bottom(count, 1, 0))
        return labels, ccam(features, weight, rankings, combination(count))

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
