"""The configs by their names, in mmpretrain's hub."""

import logging
from pathlib import Path

from mmengine.logging import print_log
from mmpretrain.apis import ModelHub

NLCCAM = 'cars cub_released cub_v2 dogs imagenet_v2 openimages30k stl10'
# Names of models in earlier versions.
OLD_NAMES = {
    **{f'nlccam_{data}': f'nlccam_vgg16_{data}' for data in NLCCAM.split()},
    **{f'vggccam_{data}': f'ccam_vgg16_{data}' for data in ('cub', 'ilsvrc')},
    **{f'cam_{data}': f'cam_vgg16_{data}' for data in ('cub', 'ilsvrc')},
}


def register_configs() -> None:
    """Let ``mmpretrain.get_model('nlccam_cub')`` find our configs.

    If a name is already in use, it keeps its model and a warning is logged. The names
    behind it are then missing.
    """
    package = Path(__file__).parent
    root = package / '.mim'
    if not (root / 'configs').is_dir():  # a clone on a system without symbolic links
        root = package.parent
    try:
        ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
    except ValueError as error:
        print_log(f"mmpretrain's hub: {error}", 'current', logging.WARNING)
        return
    models = ModelHub._models_dict
    for old, name in OLD_NAMES.items():
        models.setdefault(old, models[name])
