"""The configs by their names, and the networks of them."""

from pathlib import Path

import torch
from mmengine.config import Config

from mmccam.registry import MODELS

ROOT = Path(__file__).parents[1] / 'configs'
PLAIN = 'ccam/resnet18_demo'  # a classifier without maps
RELEASED = 'nlccam/nlccam_vgg16_cub_released'
NAMES = [str(path.relative_to(ROOT).with_suffix('')) for path in ROOT.rglob('*.py')]
# Those of other toolboxes and the former names have other tests.
OTHERS = ('_base_', 'downstream')
FORMER = dict(ccam='plain', cam='conv6')
FORMER = {
    f'{old}/{old}_vgg16_{data}': f'{new}/{new}_vgg16_{data}'
    for old, new in FORMER.items()
    for data in ('cub', 'ilsvrc', 'custom')
}
CONFIGS = {n for n in NAMES if not n.startswith(OTHERS)} - {PLAIN, *FORMER}


def read(name):
    return Config.fromfile(ROOT / f'{name}.py')


def build_model(cfg):
    # The structure without the weights, of which mmpretrain's ResNet is not made.
    device = 'cpu' if cfg.model.backbone.type.endswith('ResNet') else 'meta'
    with torch.device(device):
        # As mmengine's Runner and mmpretrain's get_model do.
        return MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))
