"""A training step of the whole network, NL-CCAM with VGG-16."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Optional

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

import mmccam  # noqa: F401  registers its parts

from . import CONFIG
from .block import PlainBlock
from .measure import Form, Measurement, Part, peak_memory, seconds_of

STEPS = 2


class PlainNLCCAM(nn.Module):
    """The network of ``nlccam_cub.py``, of torchvision's layers and plain blocks."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.layers = make_layers(cfgs['D'])[:-1]  # without the last pool
        self.blocks = nn.ModuleList(map(PlainBlock, (128, 256, 512, 512)))
        self.fc = nn.Linear(512, model.head.num_classes)
        self.load_state_dict(dict(zip(self.state_dict(), model.state_dict().values())))
        self.mean, self.std = model.data_preprocessor.mean, model.data_preprocessor.std

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of images (N, 3, H, W), BGR from 0 to 255, and their labels (N,)."""
        x = (images.flip(1) - self.mean) / self.std
        blocks = iter(self.blocks)
        for place, layer in enumerate(self.layers):
            x = layer(x)
            is_last = place == len(self.layers) - 1
            if is_last or (isinstance(layer, nn.MaxPool2d) and x.shape[1] > 64):
                x = next(blocks)(x)
        return F.cross_entropy(self.fc(x.mean(dim=(2, 3))), labels)


def build_model(cfg: Config) -> nn.Module:
    """The classifier, with blocks that do something from the start."""
    preprocessor = dict(data_preprocessor=cfg.data_preprocessor)
    model = MODELS.build(dict(preprocessor, **cfg.model)).train()
    for block in model.backbone.non_local_blocks.values():
        nn.init.constant_(block.bn.weight, 0.1)
    return model


def plain_step(cfg: Config, data: dict) -> Callable[[], float]:
    """A step in plain PyTorch, which returns the loss."""
    network = PlainNLCCAM(build_model(cfg))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, foreach=False)
    labels = torch.cat([sample.gt_label for sample in data['data_samples']])

    def step() -> float:
        loss = network(torch.stack(data['inputs']).float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def toolbox_step(cfg: Config, data: dict) -> Callable[[], float]:
    """A step as the toolbox's training loop takes it, which returns the loss."""
    model = build_model(cfg)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    return lambda: model.train_step(data, wrapper)['loss'].item()


def run_step(make_step: Callable, options: dict, args: Namespace) -> Measurement:
    """Take a step to get warm, and two that count."""
    with peak_memory() as peak:
        torch.manual_seed(args.seed)
        cfg = Config.fromfile(CONFIG)
        cfg.merge_from_dict(options)
        init_default_scope(cfg.default_scope)
        data = draw_batch(args.batch_size, args.image_side, cfg.model.head.num_classes)
        step = make_step(cfg, data)
        losses = [step()]
        seconds = seconds_of(lambda: losses.extend(step() for _ in range(STEPS)))
        megabytes = peak()
    if args.profile:
        with torch.profiler.profile() as profile:
            step()
        profile = profile.key_averages()
        print(profile.table(sort_by='self_cpu_time_total', row_limit=12))
    return Measurement(STEPS * args.batch_size, seconds, np.array(losses), megabytes)


def draw_batch(count: int, side: int, num_classes: int) -> dict:
    """Images of noise with labels, as the data loader gives them."""
    labels = torch.randint(num_classes, (count,)).tolist()
    return dict(
        inputs=list(torch.randint(256, (count, 3, side, side), dtype=torch.uint8)),
        data_samples=[DataSample().set_gt_label(label) for label in labels],
    )


def _form(
    make_step: Callable, options: Optional[dict] = None, tolerance: float = 1e-3
) -> Form:
    return Form(partial(run_step, make_step, options or {}), tolerance)


STEP = Part(
    'Training step of NL-CCAM: {batch_size} images of side {image_side}',
    {
        'plain': _form(plain_step),
        'mmccam': _form(toolbox_step),
        'mmccam, checkpointing': _form(toolbox_step, {'model.backbone.with_cp': True}),
        'mmccam, bfloat16': _form(
            toolbox_step,
            {'optim_wrapper.type': 'mmccam.BFloat16OptimWrapper'},
            tolerance=2e-2,
        ),
    },
    fresh=True,
)
