"""Head of classifiers whose maps are made by gradients alone."""

from torch import Tensor

from ...registry import MODELS
from .localization_head import Feats, LocalizationHead


@MODELS.register_module()
class SaliencyClsHead(LocalizationHead):
    """Head without parameters for a backbone that gives the logits, (N, K), itself.

    For networks with fully connected layers, which have no class activation maps. So
    CAM and CCAM have no meaning for them, and saliency methods make all maps:

    .. code-block:: python

        model = dict(
            type='mmccam.SaliencyClassifier',
            backbone=dict(type='VGG', depth=16, num_classes=1000),
            head=dict(
                type='mmccam.SaliencyClsHead',
                num_classes=1000,
                cams=dict(backprop=dict(type='mmccam.Saliency'))))

    Args:
        num_classes: Number of classes K.
        cams, num_guesses: See ``LocalizationHead``. A combination function
            among the ``cams`` is a ValueError.
        **kwargs: Further arguments of mmpretrain's ``ClsHead``.
    """

    # There are none, and set_maps allows nothing that would ask for them.
    class_maps = None

    def __init__(
        self, num_classes: int, cams: dict[str, dict], num_guesses: int = 1, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.set_maps(cams, num_guesses)

    def set_maps(self, *args, **kwargs) -> None:
        super().set_maps(*args, **kwargs)
        if self.combinations:
            raise ValueError(
                f'the maps {", ".join(self.combinations)} combine class activation '
                'maps, which mmccam.SaliencyClsHead does not have: use a saliency '
                'method, such as mmccam.GradCAM'
            )

    def pre_logits(self, feats: Feats) -> Tensor:
        """Return the logits, (N, K), which the backbone gives, or a ValueError."""
        logits = feats[-1]
        if logits.shape[1:] != (self.num_classes,):
            raise ValueError(
                'mmccam.SaliencyClsHead needs a backbone that gives logits (N, '
                f'{self.num_classes}), got the shape {tuple(logits.shape)}'
            )
        return logits
