"""Classification head with global average pooling that also makes the maps."""

from typing import Optional

import torch
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample

from ...cam import activation_maps, combine_weights, move_to_front, rank_classes
from ...registry import MODELS, TASK_UTILS

DEFAULT_CAMS = dict(ccam=dict(type='mmccam.Polynomial', degree=2))


@MODELS.register_module()
class GAPClsHead(LinearClsHead):
    """Global average pooling and a linear layer on the raw feature map.

    Loss and scores are those of mmpretrain's ``LinearClsHead``, and so are the names of
    the parameters. In prediction each data sample also gets

    - ``cam_labels``: the classes that the maps are of: the most probable ones and, if
      all samples have a label, the true one, (T,);
    - ``cams``: for each named combination function the maps of these classes, at the
      size of the feature map, (T, h, w), float32.

    Args:
        num_classes: Number of classes K.
        in_channels: Number of channels C of the last feature map.
        cams: Config of a combination function for each name. Defaults to
            ``dict(ccam=dict(type='mmccam.Polynomial', degree=2))``.
        num_guesses: Of how many of the most probable classes maps are made.
        **kwargs: Further arguments of mmpretrain's ``LinearClsHead``. A loss without a
            scope is mmpretrain's, in a config of another toolbox too.

    Raises:
        ValueError: If a combination function has no meaning for K classes, or not K
            coefficients, or there are no K guesses.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        cams: Optional[dict[str, dict]] = None,
        num_guesses: int = 1,
        **kwargs,
    ) -> None:
        # Other toolboxes have other losses under the names of mmpretrain's.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            super().__init__(num_classes, in_channels, **kwargs)
        if not 1 <= num_guesses <= num_classes:
            raise ValueError(
                'num_guesses must lie between 1 and the number of classes '
                f'{num_classes}, got {num_guesses}'
            )
        self.num_guesses = num_guesses
        cams = DEFAULT_CAMS if cams is None else cams
        self.combinations = {name: TASK_UTILS.build(cfg) for name, cfg in cams.items()}
        self.coefficients = {
            name: combination.coefficients(num_classes)
            for name, combination in self.combinations.items()
        }
        for name, coefficients in self.coefficients.items():
            if coefficients.shape != (num_classes,):
                raise ValueError(
                    f'the combination function "{name}" must have {num_classes} '
                    f'coefficients, got the shape {tuple(coefficients.shape)}'
                )

    def pre_logits(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Average the last feature map over its positions.

        Args:
            feats: Feature maps of the backbone; the last is (N, C, h, w).

        Returns:
            Pooled features, (N, C).

        Raises:
            ValueError: If the backbone gives no such map.
        """
        if feats[-1].ndim != 4:
            raise ValueError(
                'maps need a backbone that gives feature maps (N, C, h, w), got the '
                f'shape {tuple(feats[-1].shape)}'
            )
        return feats[-1].mean(dim=(2, 3))

    def predict(
        self,
        feats: tuple[torch.Tensor, ...],
        data_samples: Optional[list[DataSample]] = None,
    ) -> list[DataSample]:
        """Predict scores, label and maps.

        Args:
            feats: Feature maps of the backbone; the last is (N, C, h, w).
            data_samples: Samples to write to. Defaults to None: new ones.

        Returns:
            The samples with ``pred_score``, ``pred_label``, ``cam_labels``, ``cams``.
        """
        logits = self(feats)
        data_samples = self._get_predictions(logits, data_samples)
        # The logits, since the softmax of improbable classes may round to one number.
        ranking = rank_classes(logits)
        targets = ranking[:, : self.num_guesses]
        if all('gt_label' in sample for sample in data_samples):
            labels = torch.stack([sample.gt_label for sample in data_samples])
            targets = torch.cat([targets, labels.to(targets)], dim=1)
        cams = {
            name: self._maps(name, feats[-1], ranking, targets)
            for name in self.combinations
        }
        for index, sample in enumerate(data_samples):
            sample.set_field(targets[index], 'cam_labels')
            # Copies: a view would be saved with the maps of the whole batch.
            maps = {name: cams[name][index].clone() for name in cams}
            sample.set_field(maps, 'cams')
        return data_samples

    def _maps(
        self,
        name: str,
        features: torch.Tensor,
        ranking: torch.Tensor,
        targets: torch.Tensor,
    ) -> torch.Tensor:
        """The maps of one combination function for each target, (N, T, h, w)."""
        if self.combinations[name].target_first:
            ranking = move_to_front(ranking, targets)
        else:
            ranking = ranking[:, None]
        coefficients = self.coefficients[name]
        # Sums over all classes and channels are too much for half precision.
        with torch.autocast(features.device.type, enabled=False):
            weights = combine_weights(self.fc.weight.float(), ranking, coefficients)
            maps = activation_maps(features.float(), weights)
        return maps.expand(-1, targets.shape[1], -1, -1)
