"""The configs by their names, in mmpretrain's hub."""

import logging
from pathlib import Path

from mmengine.logging import print_log
from mmpretrain.apis import ModelHub


def register_configs() -> None:
    """Let ``mmpretrain.get_model('nlccam_cub')`` find our configs.

    If one of the names is taken already, it stays as it is and a warning is logged; the
    names after it are then missing.
    """
    package = Path(__file__).parent
    root = package / '.mim'
    if not (root / 'configs').is_dir():  # a clone on a system without symbolic links
        root = package.parent
    try:
        ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
    except ValueError as error:
        print_log(f"mmpretrain's hub: {error}", 'current', logging.WARNING)
