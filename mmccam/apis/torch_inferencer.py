"""From images to boxes by a classifier of torch, without OpenMMLab."""

from functools import partial
from typing import Any, Optional

import torch
from torch import Tensor

from ..boxes import Size
from ..cam import top_bottom
from ..map_boxes import RULES
from ..onboard import imagenet_localizer
from ..torch_localizer import TorchLocalizer
from .localizer import ImageLocalizer, describe_model

# Maps of the classifier on board; the second is the paper's choice for ImageNet.
MAPS = dict(cam=None, ccam=partial(top_bottom, i=1, j=10))
# Of largest_component at its size of 224 pixels, for both, see docs/inference.md.
THRESHOLD = 0.3


class TorchInferencer(ImageLocalizer):
    """Find the object in any image, in folders and in videos, by a classifier of torch.

    .. code-block:: python

        from mmccam import TorchInferencer

        results = TorchInferencer()('photo.jpg', out_dir='boxes')
        print(results[0]['predictions'][0]['class_name'])

    Args:
        localizer: The classifier, and how its maps and boxes are made. Defaults to a
            classifier of ImageNet's 1000 classes, which the extra ``onboard`` installs.
        map_name: What its map is called in results.
    """

    def __init__(
        self, localizer: Optional[TorchLocalizer] = None, map_name: str = 'cam'
    ) -> None:
        self.localizer = localizer or imagenet_localizer(threshold=THRESHOLD)
        self.map_name, self.classes = map_name, self.localizer.classes
        self.box_rule = self.localizer.box_rule

    def prepare(self, sample: dict) -> tuple[Tensor, Size, Optional[int]]:
        return (*self.localizer.load(sample['img'], 'bgr'), sample.get('gt_label'))

    def predict(self, batch: list[tuple[Tensor, Size, Optional[int]]]) -> list[dict]:
        inputs, sizes, labels = zip(*batch)
        known = None if None in labels else labels
        results = self.localizer.run(inputs, sizes, known)
        for result in results:
            for prediction in result['predictions']:
                prediction['cams'] = {self.map_name: prediction.pop('cam')}
        return results

    def settings(self) -> dict[str, Any]:
        localizer = self.localizer
        return dict(
            describe_model(localizer.model),
            num_guesses=localizer.num_guesses,
            size=localizer.size,
            mean=localizer.mean.tolist(),
            std=localizer.std.tolist(),
        )


def imagenet_inferencer(
    cam: Optional[str] = None,
    box_rule: Optional[str] = None,
    device: Optional[str] = None,
    **options: Any,
) -> TorchInferencer:
    """Build the inferencer of the classifier on board by names, as tools have them.

    Args:
        cam: Name of a map: ``cam``, the default, or ``ccam``, top-1 & bottom-10.
        box_rule: Name of a function of :mod:`mmccam.map_boxes`. Without it, a threshold
            and another size, the threshold is one that was searched.
        device: Device of the network. Defaults to a GPU if there is one.
        **options: Further arguments of :class:`~mmccam.TorchLocalizer`; None is its
            default.

    Raises:
        ValueError: If there is no such map or box rule.
    """
    choices = [
        ('map', cam or 'cam', MAPS),
        ('box rule', box_rule or 'largest_component', RULES),
    ]
    for kind, name, known in choices:
        if name not in known:
            raise ValueError(f'there is no {kind} "{name}", only {", ".join(known)}')
    combination, rule = (known[name] for _, name, known in choices)
    options = {name: value for name, value in options.items() if value is not None}
    if box_rule is None and options.get('size', 224) == 224:
        options.setdefault('threshold', THRESHOLD)
    localizer = imagenet_localizer(combination=combination, box_rule=rule, **options)
    localizer.model.to(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    return TorchInferencer(localizer, cam or 'cam')
