"""What the tests beside MMDetection and MMSegmentation share."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs/downstream'


def import_or_skip(*names):
    """Skip the tests of a module where toolboxes or operators are not installed."""
    for name in ('mmcv._ext', *names):
        reason = f'{name} is not installed: tools/test_stack.sh mim has it'
        pytest.importorskip(name, reason=reason)


def read(name, **model):
    """Read one of the configs, for a small backbone without pretrained weights."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.model.backbone.pop('init_cfg')
    cfg.model.backbone.update(depth=11, frozen_stages=-1)
    cfg.merge_from_dict(dict(model=deepcopy(model)))  # which takes _delete_ out of it
    return cfg


def train_step(model, data):
    """Train a step that must change all weights of the backbone; its losses."""
    model.init_weights()
    # The gain scales the gradients of the block's convolutions, and starts at 0.
    for block in model.backbone.non_local_blocks.values():
        torch.nn.init.ones_(block.bn.weight)
    model.train()
    before = {name: p.clone() for name, p in model.backbone.named_parameters()}

    losses = model.train_step(data, OptimWrapper(torch.optim.Adam(model.parameters())))

    for name, parameter in model.backbone.named_parameters():
        assert parameter.isfinite().all(), name
        # The softmax does not see the bias of the keys, a norm that before it.
        if not name.endswith('bias'):
            assert not parameter.equal(before[name]), name
    return losses
