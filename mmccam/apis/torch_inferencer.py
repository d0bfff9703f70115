"""From images to boxes by a classifier of torch, without OpenMMLab."""

from typing import Any, Optional

from torch import Tensor

from ..boxes import Size
from ..onboard import imagenet_localizer
from ..torch_localizer import TorchLocalizer
from .localizer import ImageLocalizer, digest_of


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
        self.localizer = localizer or imagenet_localizer()
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
            weights=digest_of(localizer.model),
            num_guesses=localizer.num_guesses,
            size=localizer.size,
            mean=localizer.mean.tolist(),
            std=localizer.std.tolist(),
        )
