"""What all localization heads share: which maps they make, of which classes."""

from abc import abstractmethod
from typing import Optional

import torch
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from ...cam import rank_classes, target_weights
from ...registry import TASK_UTILS
from ...structures import ClassMaps
from ..combinations import CombinationFunction

Feats = tuple[Tensor, ...]  # of backbone and neck, (N, C, h, w) each
DEFAULT_CAMS = dict(ccam=dict(type='mmccam.Polynomial', degree=2))


class LocalizationHead(ClsHead):
    """Base of heads that make the maps of classes beside their scores.

    In prediction each sample also gets :class:`~mmccam.structures.ClassMaps`: for each
    named combination function g(k) the maps of the most probable classes and, if all
    samples have a label, of the true one. The maps of saliency methods are added by
    :class:`~mmccam.models.SaliencyClassifier`. A subclass fills in :meth:`class_maps`
    and calls :meth:`set_maps` at the end of its ``__init__``. Then CAM and CCAM are
    there:

    .. code-block:: python

        @MODELS.register_module()
        class MyHead(LocalizationHead):
            def class_maps(self, feats, weights, targets):
                maps = self.conv(feats[-1])  # (N, K, h, w)
                return torch.einsum('ntk,nkhw->nthw', weights, maps)
    """

    num_classes: int
    default_map = 'ccam'  #: name of the map for boxes where none is chosen
    # Set by SaliencyClassifier, which makes the maps of saliency methods.
    allow_saliency = False

    def __init__(self, *args, **kwargs) -> None:
        # Other toolboxes have other losses under the names of mmpretrain's.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            super().__init__(*args, **kwargs)

    @abstractmethod
    def class_maps(self, feats: Feats, weights: Tensor, targets: Tensor) -> Tensor:
        """Sum the maps of all classes with a weight for each.

        Args:
            feats: Feature maps of backbone and neck, (N, C, h, w) each.
            weights: A weight for each class, in the order of the classes, (N, T, K), or
                (N, 1, K) where all targets share them.
            targets: Classes that the maps are for, (N, T), for heads whose maps depend
                on them, as those of ACoL do.

        Returns:
            Maps, (N, T, h, w), or (N, 1, h, w) where all targets share one.
        """

    def set_maps(
        self, cams: Optional[dict[str, dict]] = None, num_guesses: int = 1
    ) -> None:
        """Choose which maps are made, and of how many classes.

        Args:
            cams: Config of a combination function or a saliency method for each name.
                Defaults to ``dict(ccam=dict(type='mmccam.Polynomial', degree=2))``.
            num_guesses: Of how many of the most probable classes maps are made.

        Raises:
            ValueError: If a combination function has no meaning for K classes, or not K
                coefficients, or there are no K guesses.
        """
        if not 1 <= num_guesses <= self.num_classes:
            raise ValueError(
                'num_guesses must lie between 1 and the number of classes '
                f'{self.num_classes}, got {num_guesses}'
            )
        self.num_guesses = num_guesses
        self.cams = DEFAULT_CAMS if cams is None else cams
        self.combinations, self.coefficients, self.saliency = {}, {}, {}
        for name, cfg in self.cams.items():
            method = TASK_UTILS.build(cfg)
            if not isinstance(method, CombinationFunction):
                self.saliency[name] = method
                continue
            self.combinations[name] = method
            coefficients = method.coefficients(self.num_classes)
            self.coefficients[name] = coefficients
            if coefficients.shape != (self.num_classes,):
                raise ValueError(
                    f'the combination function "{name}" must have {self.num_classes} '
                    f'coefficients, got the shape {tuple(coefficients.shape)}'
                )

    @property
    def map_names(self) -> list[str]:
        """Names of the maps that the network makes, those of saliency methods too."""
        return list(self.cams)

    def loss(self, *args, **kwargs) -> dict[str, Tensor]:
        self._check_classifier()
        return super().loss(*args, **kwargs)

    def predict(
        self,
        feats: Feats,
        data_samples: Optional[list[DataSample]] = None,
        logits: Optional[Tensor] = None,
    ) -> list[DataSample]:
        """Predict scores, label and maps.

        Args:
            feats: Feature maps of backbone and neck, (N, C, h, w) each.
            data_samples: Samples to write to. Defaults to None: new ones.
            logits: What to rank and score classes by, (N, K). Defaults to those of the
                feature maps.

        Returns:
            The samples with ``pred_score``, ``pred_label``, ``cam_labels``, ``cams``,
            all on the CPU, where metrics read them one by one.

        Raises:
            ValueError: If ``cams`` or crops of the samples need another classifier.
        """
        self._check_classifier()
        if logits is None:
            _check_no_crops(data_samples)
            logits = self(feats)
        # The logits, since the softmax of improbable classes may round to one number.
        ranking = rank_classes(logits)
        targets = ranking[:, : self.num_guesses]
        has_labels = data_samples and all('gt_label' in one for one in data_samples)
        if has_labels:
            labels = torch.stack([sample.gt_label for sample in data_samples])
            targets = torch.cat([targets, labels.to(targets)], dim=1)
        maps = self.combined(feats, ranking, targets).values()
        # Metrics rank by scores, which half precision would make equal.
        scored, targets, *maps = to_cpu(full_precision(logits), targets, *maps)
        data_samples = self._get_predictions(scored, data_samples)
        for index, sample in enumerate(data_samples):
            if has_labels:
                sample.set_gt_label(targets[index, -1:])
            # Copies: a view would be saved with the maps of the whole batch.
            of_image = {n: m[index].clone() for n, m in zip(self.combinations, maps)}
            ClassMaps(targets[index], of_image).write(sample)
        return data_samples

    def _check_classifier(self) -> None:
        if self.saliency and not self.allow_saliency:
            raise ValueError(
                f'the maps {", ".join(self.saliency)} need gradients: set the type of '
                'the model to "mmccam.SaliencyClassifier"'
            )

    def combined(
        self, feats: Feats, ranking: Tensor, targets: Tensor
    ) -> dict[str, Tensor]:
        """Combine the maps of all classes by each function of ``cams``.

        Args:
            feats: Feature maps of backbone and neck, (N, C, h, w) each.
            ranking: Class indices from the most to the least probable, (N, K).
            targets: Classes that the maps are for, (N, T).

        Returns:
            Maps by name, (N, T, h, w), float32, under autocast too.
        """
        # Sums over all classes and channels are too much for half precision.
        with torch.autocast(feats[-1].device.type, enabled=False):
            feats = tuple(feat.float() for feat in feats)
            return {
                name: self._combine(name, feats, ranking, targets)
                for name in self.combinations
            }

    def _combine(
        self, name: str, feats: Feats, ranking: Tensor, targets: Tensor
    ) -> Tensor:
        """The maps of one combination function for each target, (N, T, h, w)."""
        coefficients = self.coefficients[name].to(feats[-1])
        target_first = self.combinations[name].target_first
        weights = target_weights(ranking, targets, coefficients, target_first)
        maps = self.class_maps(feats, weights, targets)
        return maps.expand(-1, targets.shape[1], -1, -1)


def _check_no_crops(data_samples: Optional[list[DataSample]]) -> None:
    if any('score_crops' in sample for sample in data_samples or ()):
        raise ValueError('crops need the model type "mmccam.TwoViewClassifier"')


def to_cpu(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """Copy tensors to the CPU; from a GPU to pinned memory, waiting once for all."""
    is_cuda = tensors[0].is_cuda
    copies = [x.to('cpu', non_blocking=is_cuda) for x in tensors]
    if is_cuda:
        torch.cuda.current_stream(tensors[0].device).synchronize()
    return copies


def full_precision(x: Tensor) -> Tensor:
    """Turn half precision into float32; float32 and float64 stay."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
