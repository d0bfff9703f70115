"""Maps for classifiers that were trained without them."""

from copy import deepcopy
from typing import Optional

from mmengine.config import ConfigDict

OURS = 'mmccam.GAPClsHead'


def classifier_with_maps(
    model: ConfigDict, cams: Optional[dict[str, dict]] = None
) -> ConfigDict:
    """Give a classifier of mmpretrain the head that makes maps.

    A map needs global average pooling and one linear layer behind it: then the score of
    a class is the mean of its map (Eq. 1 and 2 of NL-CCAM). The pooling moves from the
    neck into the head; names and shapes of all parameters stay, so that the
    classifier's own checkpoint fits.

    Args:
        model: Config of an ``ImageClassifier``, of mmpretrain or mmccam.
        cams: Config of a combination function for each name. Defaults to those of the
            head.

    Returns:
        Config with the head ``mmccam.GAPClsHead``.

    Raises:
        ValueError: If the classifier has no such pooling or layer, with the reason.
    """
    model = deepcopy(model)
    if _kind(model) != 'ImageClassifier':
        raise ValueError(f'maps need an ImageClassifier, got {_kind(model)}')
    backbone = _kind(model.get('backbone') or {})
    head = model.get('head') or ConfigDict()
    if cams is not None:
        head.cams = ConfigDict(cams)
    if _kind(head) == 'GAPClsHead':
        return model
    if _kind(head) != 'LinearClsHead':
        raise ValueError(
            'maps need a head of one linear layer on the pooled features, '
            f'LinearClsHead or {OURS}; {_kind(head)} of {backbone} is none: its scores '
            'are not means of maps'
        )
    neck = model.get('neck')
    parts = list(neck) if isinstance(neck, (list, tuple)) else [neck]
    if not parts or parts[-1] is None:
        raise ValueError(
            'maps need a neck of GlobalAveragePooling; without one, '
            f'{backbone} gives no map of features but a vector'
        )
    pooling = parts.pop()
    if _kind(pooling) != 'GlobalAveragePooling' or pooling.get('dim', 2) != 2:
        raise ValueError(
            'maps need features that are pooled by GlobalAveragePooling over both '
            f'sides, got {dict(pooling)}'
        )
    model.neck = parts or None
    head.type = OURS
    return model


def _kind(part: ConfigDict) -> str:
    """The name of a part of a config without its scope."""
    return str(part.get('type')).rpartition('.')[2]
