"""A classifier that ranks classes on crops and makes maps of the whole image."""

from typing import Optional

import torch
from mmpretrain.structures import DataSample

from ..registry import MODELS
from .saliency.classifier import SaliencyClassifier


@MODELS.register_module()
class TwoViewClassifier(SaliencyClassifier):
    """Ranks and scores classes on crops, and makes the maps of the whole image.

    The crops of an image are its ``score_crops``, as ``mmccam.ScoreCrops`` makes them.
    The probabilities of several crops are averaged. Images without a label, as those of
    the inferencer, may have no crops: then classes are ranked on the whole image.

    Args:
        score_crops: Arguments of ``mmccam.ScoreCrops``. Whatever reads a config for a
            run adds this transform to the pipelines of validation and test. Defaults to
            none: its arguments there, or its defaults.
        *args: Arguments of mmpretrain's ``ImageClassifier``.
        **kwargs: Further arguments of it.
    """

    def __init__(self, *args, score_crops: Optional[dict] = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.score_crops = score_crops

    def predict(
        self,
        inputs: torch.Tensor,
        data_samples: Optional[list[DataSample]] = None,
        **kwargs,
    ) -> list[DataSample]:
        """Predict as ``SaliencyClassifier`` does, with the scores of the crops.

        Raises:
            ValueError: If samples with a label have no crops.
        """
        samples = data_samples or []
        if samples and all('score_crops' in sample for sample in samples):
            # Without the field, or results would keep all pixels.
            crops = [sample.pop('score_crops') for sample in samples]
            kwargs['logits'] = self._score(torch.stack(crops, dim=1))
        elif any('gt_label' in sample for sample in samples):
            raise ValueError(
                'TwoViewClassifier needs crops, which the tools of mmccam add: else '
                'insert mmccam.ScoreCrops before Resize and list score_crops in the '
                'algorithm_keys of PackInputs'
            )
        return super().predict(inputs, data_samples, **kwargs)

    def _score(self, crops: torch.Tensor) -> torch.Tensor:
        """The logits (N, K) of crops, (crops, N, 3, h, w), uint8."""
        views = [self.data_preprocessor(dict(inputs=crop))['inputs'] for crop in crops]
        logits = torch.stack([self.head(self.extract_feat(view)) for view in views])
        if len(logits) == 1:
            return logits[0]
        # In logarithms, since improbable classes may round to 0.
        return logits.float().log_softmax(dim=-1).logsumexp(dim=0)
