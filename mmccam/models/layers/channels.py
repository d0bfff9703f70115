"""Checks that two parts of a network fit."""

from torch import Tensor, nn


def check_channels(part: nn.Module, feat: Tensor, name: str = '') -> None:
    """Check that a part of a network gets a feature map with its ``in_channels``."""
    if feat.ndim != 4:
        raise ValueError(
            'maps need a backbone that gives feature maps (N, C, h, w), got the shape '
            f'{tuple(feat.shape)}'
        )
    if feat.shape[1] != part.in_channels:
        raise ValueError(
            f'{name or type(part).__name__} has in_channels={part.in_channels}, but '
            f'the map that it gets has {feat.shape[1]} channels'
        )


def check_count(head: nn.Module, feats: tuple[Tensor, ...], count: int) -> None:
    """Check that a head gets enough feature maps."""
    if len(feats) < count:
        raise ValueError(
            f'{type(head).__name__} needs {count} feature maps of backbone and neck, '
            f'got {len(feats)}'
        )
