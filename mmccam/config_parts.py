"""The parts of a config."""

from collections.abc import Iterator
from typing import Any


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
