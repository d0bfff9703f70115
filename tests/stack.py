"""The stack, imported as a whole, and without what it does again for each config."""

from functools import cache
from importlib import import_module
from pathlib import Path

import torch
from mmengine.config import Config, config, utils
from mmengine.fileio import load
from mmengine.utils import is_installed
from mmpretrain.utils import register_all_modules

# What the tools import when they need it.
LATE = (
    'matplotlib.backends.backend_agg',
    'mmccam.apis.runs',
    'mmccam.visualization.report',
    'setuptools',
)


def read_configs_quickly() -> None:
    """Do not format the text of configs, nor read mmpretrain's index for each.

    Both take most of a second for a run, which writes its config several times.
    """
    config.FormatCode = lambda text, **_: (text, True)
    config.is_installed = cache(is_installed)
    utils.load = cache(load)


def import_all() -> None:
    """Import all that programs do, for one thread each."""
    torch.set_num_threads(1)
    register_all_modules(init_default_scope=False)
    for name in LATE:
        import_module(name)
    read_configs_quickly()
    Config.fromfile(Path(__file__).parents[1] / 'configs/nlccam_demo.py')
