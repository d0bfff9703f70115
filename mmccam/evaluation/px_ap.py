"""PxAP: the average precision of a map's pixels (Choe et al., CVPR 2020)."""

import cv2
import numpy as np

from ..datasets.files import read_mask
from ..maps import SCORE_MAP_SIDE, score_map, score_thresholds
from ..registry import METRICS
from .metric import LocalizationMetric


@METRICS.register_module()
class PxAP(LocalizationMetric):
    """Pixel average precision of one map against masks, in percent.

    The pixels of all images together are ranked by their score in a map of 224 x 224.
    An image's foreground is the union of its instances; pixels of its ignore mask
    outside of them do not count.

    Args:
        step: Distance of the thresholds, 0 < step < 1.
        scaled_masks: Whether masks may be larger or smaller than images, in proportion.
        **kwargs: Arguments of :class:`~mmccam.evaluation.LocalizationMetric`.
    """

    def __init__(
        self, *args, step: float = 0.001, scaled_masks: bool = False, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        # Scores reach 1, and the last bins of the original reach beyond it.
        self.edges = np.append(score_thresholds(step), [1, 2, 3])
        self.scaled_masks = scaled_masks

    def record(self, sample: dict, cam: np.ndarray) -> np.ndarray:
        """Count the pixels of foreground and background by score, (2, bins), uint16."""
        if not sample.get('loc_masks'):
            path = sample['img_path']
            raise ValueError(f'{path} has no mask, which PxAP measures by')
        masks = [self._foreground(path, sample) for path in sample['loc_masks']]
        foreground = np.logical_or.reduce(masks)
        background = ~foreground
        if sample.get('loc_ignore'):
            background &= ~self._foreground(sample['loc_ignore'], sample)
        scores = score_map(cam)
        counts = [
            np.histogram(scores[pixels], bins=self.edges)[0]
            for pixels in (foreground, background)
        ]
        return np.array(counts, np.uint16)  # 224 * 224 pixels fit

    def summarize(self, records: list[np.ndarray]) -> dict[str, float]:
        foreground, background = np.sum(records, axis=0, dtype=np.int64)
        return dict(px_ap=self.average_precision(foreground, background))

    @staticmethod
    def average_precision(foreground: np.ndarray, background: np.ndarray) -> float:
        r"""Compute the area under precision and recall in percent.

        .. math:: AP = \sum_i P_i (R_i - R_{i-1})

        with precision :math:`P_i` and recall :math:`R_i` of the pixels above the i-th
        threshold, from the highest to the lowest. Given are the numbers of pixels by
        score, (bins,). No foreground at all is a ValueError.
        """
        true = foreground[::-1].cumsum()
        false = background[::-1].cumsum()
        if true[-1] == 0:
            raise ValueError('the masks of all images are empty')
        precision = true / np.maximum(true + false, 1)
        recall = true / true[-1]
        return 100 * float((precision * np.diff(recall, prepend=0)).sum())

    def _foreground(self, path: str, sample: dict) -> np.ndarray:
        """Read a mask and bring it to 224 x 224, bool."""
        image, shape = sample['img_path'], sample['ori_shape']
        pixels = read_mask(path, image, shape, self.scaled_masks).view(np.uint8)
        size = (SCORE_MAP_SIDE, SCORE_MAP_SIDE)
        return cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST).view(bool)
