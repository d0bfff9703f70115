"""The parts of the benchmark: each has a plain form and ours of one computation."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmccam  # noqa: F401  registers its parts


def read_config() -> Config:
    """Read the config whose network, pipeline and metrics are measured."""
    cfg = Config.fromfile(Path(__file__).parents[2] / 'configs/nlccam_cub.py')
    init_default_scope(cfg.default_scope)
    return cfg
