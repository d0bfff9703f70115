"""Images as the network takes them: whole, at the size of the config."""

from typing import Optional

from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope

from ..config_parts import input_size, pipeline_of_test

METHOD = ('backend', 'interpolation')


def resize_whole(cfg: Config, size: Optional[int] = None) -> Compose:
    """Build the transforms that bring a loaded image to the network's size.

    A classifier's own pipeline often cuts out the middle of an image. So that a box can
    be found anywhere, the whole image is resized to that size, as in the paper.

    Args:
        cfg: Config with the pipeline of a ``test_dataloader``, whose last size counts.
        size: Side of the input in pixels, instead.

    Returns:
        Transforms of a sample with ``img``, (H, W, 3), uint8, BGR.

    Raises:
        ValueError: If there is no size, or none of at least 1 pixel.
    """
    scale = input_size(cfg) if size is None else (size, size)
    if scale is None:
        raise ValueError(
            'the config has no size of the input in the pipeline of a '
            'test_dataloader: give a size'
        )
    if min(scale) < 1:
        raise ValueError(f'size must be at least 1 pixel, got {min(scale)}')
    steps = pipeline_of_test(cfg)
    method = {key: step[key] for step in steps for key in METHOD if key in step}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return Compose(
            [dict(type='Resize', scale=scale, **method), dict(type='PackInputs')]
        )
