"""What configs have in them."""

from collections.abc import Iterator
from typing import Any, Optional

from mmengine.config import Config

SIZES = ('crop_size', 'scale')


def all_parts(cfg: Any) -> Iterator[dict]:
    """Go through a part of a config and all parts inside of it.

    Args:
        cfg: A dictionary, or a list or tuple of them; anything else has no parts.
    """
    if isinstance(cfg, dict):
        yield cfg
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for value in cfg:
            yield from all_parts(value)


def pipeline_of_test(cfg: Config) -> list[dict]:
    """The transforms of the test images of a config, none if it has no such images."""
    loader = cfg.get('test_dataloader') or {}
    return (loader.get('dataset') or {}).get('pipeline') or []


def input_size(cfg: Config) -> Optional[tuple[int, int]]:
    """Width and height in pixels that a config brings test images to, if it names them.

    Args:
        cfg: Config whose last crop or scale of the test pipeline counts.
    """
    steps = pipeline_of_test(cfg)
    sizes = [step[key] for step in steps for key in SIZES if key in step]
    size = sizes[-1] if sizes else None
    return (size, size) if isinstance(size, int) else size and tuple(size)
