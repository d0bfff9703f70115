"""One forward pass of a classifier, of which all maps of an image can be made."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .torch_localizer import TorchLocalizer

if TYPE_CHECKING:
    from .apis import CCAMInferencer


class Classified(NamedTuple):
    """What one forward pass gives of an image: scores, features and weights.

    Class scores are (K,), features (C, h, w) and the weights of the classes (K, C).
    """

    scores: Tensor
    features: Tensor
    weights: Tensor


Classifier = Callable[[Image.Image], Classified]  # of an RGB image


def by_localizer(localizer: TorchLocalizer) -> Classifier:
    """Make the function of a classifier of torch."""

    def classify(image: Image.Image) -> Classified:
        pixels, _ = localizer.load(image, None)
        scores, features, weights = localizer.classify([pixels])
        return Classified(scores[0].cpu(), features[0].cpu(), weights.cpu())

    return classify


def by_inferencer(inferencer: 'CCAMInferencer') -> Classifier:
    """Make the function of a network of OpenMMLab.

    Raises:
        ValueError: If the maps of its head are not sums of features.
    """
    from mmengine.dataset import default_collate

    from .apis.images import read_batches
    from .models.heads.gap_head import GAPClsHead

    model, head = inferencer.model, inferencer.model.head
    if getattr(type(head), 'class_maps', None) is not GAPClsHead.class_maps:
        raise ValueError(
            'maps must be sums of features, as those of mmccam.GAPClsHead, '
            f'got {type(head).__name__}'
        )

    @torch.no_grad()
    def classify(image: Image.Image) -> Classified:
        bgr = np.array(image)[..., ::-1]
        batches = read_batches([[(0, bgr)]], inferencer.prepare, False)
        ((*_, packed),) = next(batches)
        data = model.data_preprocessor(default_collate([packed]))
        feats = model.extract_feat(data['inputs'])
        values = head(feats)[0], feats[-1][0], head.fc.weight.detach()
        return Classified(*(one.float().cpu() for one in values))

    return classify
