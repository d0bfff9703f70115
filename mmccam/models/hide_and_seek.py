"""Hide-and-Seek (HaS), Singh & Lee, ICCV 2017."""

from collections.abc import Sequence
from typing import Union

import numpy as np
import torch
from torch import Tensor

from ..registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class HideAndSeek:
    """Hides random cells of each training image.

    A batch augment of mmpretrain: ``train_cfg=dict(augments=dict(type=
    'mmccam.HideAndSeek', grid=32))`` of the model. Hidden pixels become 0, which is the
    mean of the data set, since the images are normalized.

    Args:
        grid: Side of a cell in pixels. The cells begin at the top left, and the last
            ones are cut at the border. Of several sides each image gets one, evenly:
            ``(0, 16, 32, 44, 56)`` in the paper. A side of 0 hides nothing.
        rate: Probability, 0 to 1, that a cell is hidden.

    Raises:
        ValueError: If a side is no number of pixels, or the rate outside its range.
    """

    def __init__(self, grid: Union[int, Sequence[int]] = 32, rate: float = 0.5) -> None:
        self.grids = list(grid) if isinstance(grid, (list, tuple)) else [grid]
        sides = [isinstance(side, int) and side >= 0 for side in self.grids]
        if not sides or not all(sides):
            raise ValueError(f'grid must be pixels, 0 or more, got {grid!r}')
        if not 0 <= rate <= 1:
            raise ValueError(f'rate must lie between 0 and 1, got {rate!r}')
        self.rate = rate

    def __call__(self, images: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Hide cells of normalized images, (N, 3, H, W).

        Returns:
            New images, and the scores of the classes, (N, K), as floats.
        """
        shown = np.stack([self._draw(images.shape[2:]) for _ in images])
        hidden = torch.from_numpy(~shown[:, None]).to(images.device)
        return images.masked_fill(hidden, 0), scores.float()

    def _draw(self, size: tuple[int, int]) -> np.ndarray:
        """Draw the shown pixels of an image from numpy's stream, (H, W)."""
        grid = np.random.choice(self.grids)
        if grid == 0:
            return np.ones(size, bool)
        height, width = size
        draws = np.random.random_sample((-(-height // grid), -(-width // grid)))
        return shown_pixels(draws, grid, self.rate, size)


def shown_pixels(
    draws: np.ndarray, grid: int, rate: float, size: tuple[int, int]
) -> np.ndarray:
    """Which pixels of images are shown: those in cells whose draw u is above the rate.

    Args:
        draws: Uniform numbers u of the cells, (..., rows, columns), 0 to 1.
        grid: Side of a cell in pixels.
        rate: Probability p that a cell is hidden, which it is if u <= p.
        size: Height and width of the images.

    Returns:
        Booleans, (..., H, W).
    """
    shown = (draws > rate).repeat(grid, axis=-2).repeat(grid, axis=-1)
    return shown[..., : size[0], : size[1]]
