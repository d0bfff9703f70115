"""The configs by their names, and the networks of them."""

from functools import partial
from pathlib import Path
from unittest.mock import patch

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
# Those of other methods than NL-CCAM.
FOLDERS = ('cam/', 'has/', 'acol/', 'spg/', 'adl/', 'cutmix/', 'tscam/', 'saliency/')
METHODS = {n for n in CONFIGS if n.startswith(FOLDERS)}


def read(name):
    return Config.fromfile(ROOT / f'{name}.py')


def build_model(cfg):
    # The structure without the weights. mmpretrain's ResNet reads numbers of a tensor.
    linspace = partial(torch.linspace, device='cpu')
    with torch.device('meta'), patch.object(torch, 'linspace', linspace):
        # As mmengine's Runner and mmpretrain's get_model do.
        return MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))
