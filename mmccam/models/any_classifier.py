"""Maps for classifiers that were trained without them."""

from copy import deepcopy

from mmengine.config import ConfigDict
from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LinearClsHead

from ..registry import MODELS, kind_of
from .heads.gap_head import GAPClsHead
from .heads.localization_head import DEFAULT_CAMS, LocalizationHead

CAM = dict(type='mmccam.TopBottom', i=1, j=0)


@MODELS.register_module()
class ForeignClsHead(GAPClsHead):
    """The head of a classifier that was trained without maps: its default is CAM."""

    default_map = 'cam'


def classifier_with_maps(model: ConfigDict) -> ConfigDict:
    """Give a classifier of mmpretrain the head that makes maps.

    A map needs global average pooling and one linear layer behind it. Then the score of
    a class is the mean of its map plus a bias. The pooling moves from the neck into the
    head. Names and shapes of all parameters stay, so that the classifier's own
    checkpoint fits.

    The config of an ``ImageClassifier``, of mmpretrain or mmccam, gets a localization
    head unless it has one, ``mmccam.ForeignClsHead`` with the maps ``cam``, its
    default, and ``ccam``. The type ``ImageClassifier`` becomes
    ``mmccam.SaliencyClassifier``. Without such pooling or layer a ValueError says why.
    """
    model = deepcopy(model)
    if not issubclass(_class(model), ImageClassifier):
        raise ValueError(f'maps need an ImageClassifier, got {kind_of(model)}')
    if _class(model) is ImageClassifier:
        model.type = 'mmccam.SaliencyClassifier'
    head = model.get('head') or ConfigDict()
    if issubclass(_class(head), LocalizationHead):
        return model
    backbone = kind_of(model.get('backbone') or {})
    if _class(head) is not LinearClsHead:
        raise ValueError(
            'maps need a head of one linear layer on the pooled features, '
            f'LinearClsHead or a localization head such as mmccam.GAPClsHead; '
            f'{kind_of(head)} of {backbone} is none: its scores are not means of maps'
        )
    neck = model.get('neck')
    parts = list(neck) if isinstance(neck, (list, tuple)) else [neck]
    if not parts or parts[-1] is None:
        raise ValueError(
            'maps need a neck of GlobalAveragePooling; without one, '
            f'{backbone} gives no map of features but a vector'
        )
    pooling = parts.pop()
    if _class(pooling) is not GlobalAveragePooling or pooling.get('dim', 2) != 2:
        raise ValueError(
            'maps need features that are pooled by GlobalAveragePooling over both '
            f'sides, got {dict(pooling)}'
        )
    model.neck = parts or None
    head.update(type='mmccam.ForeignClsHead', cams=dict(cam=CAM, **DEFAULT_CAMS))
    return model


def _class(part: ConfigDict) -> type:
    """The class that a part of a config names, ``object`` if there is none."""
    kind = part.get('type')
    if isinstance(kind, str):
        scope = part.get('_scope_', 'mmpretrain')
        with MODELS.switch_scope_and_registry(scope) as registry:
            kind = registry.get(kind)
    return kind if isinstance(kind, type) else object
