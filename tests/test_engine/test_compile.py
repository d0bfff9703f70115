from types import SimpleNamespace

import torch
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

import mmccam  # noqa: F401  registers its parts
from mmccam.models import GAPClsHead, NonLocalVGG

MODEL = dict(
    type='ImageClassifier',
    backbone=dict(type=NonLocalVGG, depth=11, num_stages=2, non_local_stages=(2,)),
    head=dict(type=GAPClsHead, num_classes=4, in_channels=128),
)


def take_steps(compile_cfg, data):
    """The names of the weights, and the losses of two steps."""
    torch.manual_seed(0)
    model = MODELS.build(MODEL).train()
    wrapper = build_optim_wrapper(model, dict(optimizer=dict(type='SGD', lr=0.1)))
    cfg, logger = ConfigDict(compile=compile_cfg), MMLogger.get_current_instance()
    runner = SimpleNamespace(cfg=cfg, model=model, logger=logger)
    Runner._maybe_compile(runner, 'train_step')
    losses = [model.train_step(data, wrapper)['loss'] for _ in range(2)]
    return list(model.state_dict()), torch.stack(losses)


def test_a_compiled_training_has_the_same_losses_and_names_of_weights():
    samples = [DataSample().set_gt_label(label) for label in (1, 3)]
    images = torch.arange(3 * 16 * 16, dtype=torch.uint8).reshape(3, 16, 16)
    data = dict(inputs=[images, images.flip(1)], data_samples=samples)
    names, losses = take_steps(None, data)
    # aot_eager compiles no C++, for which a compiler might be missing.
    found_names, found = take_steps(dict(backend='aot_eager'), data)
    assert found_names == names
    torch.testing.assert_close(found, losses)
