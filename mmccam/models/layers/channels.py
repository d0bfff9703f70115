"""The check that two parts of a network fit."""

from torch import Tensor, nn


def check_channels(part: nn.Module, feat: Tensor) -> None:
    """Check that a part of a network gets a feature map with its ``in_channels``."""
    if feat.ndim != 4:
        raise ValueError(
            'maps need a backbone that gives feature maps (N, C, h, w), got the shape '
            f'{tuple(feat.shape)}'
        )
    if feat.shape[1] != part.in_channels:
        raise ValueError(
            f'{type(part).__name__} has in_channels={part.in_channels}, but the map '
            f'that it gets has {feat.shape[1]} channels'
        )
