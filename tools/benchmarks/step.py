"""A training step of the whole network, NL-CCAM with VGG-16."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from . import read_config
from .block import PlainBlock
from .device import count_operations, peak_memory, seconds_of
from .measure import Form, Measurement, Part


class PlainNLCCAM(nn.Module):
    """The network of ``nlccam_cub.py``, of torchvision's layers and plain blocks.

    A negative slope replaces its ReLUs by LeakyReLUs, as in the authors' code.
    """

    def __init__(self, model: nn.Module, negative_slope: float = 0) -> None:
        super().__init__()
        self.layers = make_layers(cfgs['D'])[:-1]  # without the last pool
        for place, layer in enumerate(self.layers):
            if negative_slope and isinstance(layer, nn.ReLU):
                self.layers[place] = nn.LeakyReLU(negative_slope, inplace=True)
        self.blocks = nn.ModuleList(map(PlainBlock, (128, 256, 512, 512)))
        self.fc = nn.Linear(512, model.head.num_classes)
        self.load_state_dict(dict(zip(self.state_dict(), model.state_dict().values())))
        for name in ('mean', 'std'):
            value = getattr(model.data_preprocessor, name)
            self.register_buffer(name, value, persistent=False)

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
    torch.backends.cudnn.benchmark = cfg.env_cfg.cudnn_benchmark
    preprocessor = dict(data_preprocessor=cfg.data_preprocessor)
    model = MODELS.build(dict(preprocessor, **cfg.model)).train()
    for block in model.backbone.non_local_blocks.values():
        nn.init.constant_(block.bn.weight, 0.1)
    return model


def plain_step(cfg: Config, data: dict, device: str) -> Callable[[], float]:
    """A step in plain PyTorch, which returns the loss.

    One optimizer has the convolutions, another the fc, as in the authors' code.
    """
    slope = cfg.model.backbone.get('act_cfg', {}).get('negative_slope', 0)
    network = PlainNLCCAM(build_model(cfg), slope).to(device)
    parts = [network.layers, network.blocks], [network.fc]
    optimizers = [torch.optim.Adam(nn.ModuleList(p).parameters(), 1e-4) for p in parts]
    labels = torch.cat([sample.gt_label for sample in data['data_samples']])
    autocast = partial(torch.autocast, torch.device(device).type, torch.bfloat16)

    def step() -> float:
        images = torch.stack(data['inputs']).to(device).float()
        with autocast(enabled=cfg.get('plain_autocast', False)):
            loss = network(images, labels.to(device))
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss.item()

    return step


def toolbox_step(cfg: Config, data: dict, device: str) -> Callable[[], float]:
    """A step as the toolbox's training loop takes it, which returns the loss."""
    model = build_model(cfg).to(device)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    return lambda: model.train_step(data, wrapper)['loss'].item()


def run_step(way: tuple, precision: str, args: Namespace) -> Measurement:
    """Take some steps to get warm, and some that count."""
    make_step, options = way
    warm, times = (1, 2) if args.device == 'cpu' else (3, 20)
    with peak_memory(args.device) as peak:
        torch.manual_seed(args.seed)
        cfg = read_config()
        cfg.merge_from_dict(options)
        data = draw_batch(args.batch_size, args.image_side, cfg.model.head.num_classes)
        step = make_step(cfg, data, args.device)
        losses = [step() for _ in range(warm)]
        seconds = seconds_of(lambda: losses.extend(step() for _ in range(times)))
        megabytes = peak()
    if args.profile:
        with torch.profiler.profile() as profile:
            step()
        profile, kind = profile.key_averages(), args.device.partition(':')[0]
        print(profile.table(sort_by=f'self_{kind}_time_total', row_limit=15))
    values = np.array(losses[:3])
    return Measurement(times * args.batch_size, seconds, values, megabytes)


def count_step(args: Namespace) -> int:
    """The operations of a step with one image."""
    network = PlainNLCCAM(build_model(read_config())).to('meta')
    image = torch.empty(1, 3, args.image_side, args.image_side, device='meta')
    label = torch.empty(1, dtype=torch.long, device='meta')
    return count_operations(lambda: network(image, label).backward())


def draw_batch(count: int, side: int, num_classes: int) -> dict:
    """Images of noise with labels, as the data loader gives them."""
    labels = torch.randint(num_classes, (count,)).tolist()
    return dict(
        inputs=list(torch.randint(256, (count, 3, side, side), dtype=torch.uint8)),
        data_samples=[DataSample().set_gt_label(label) for label in labels],
    )


PLAIN, OURS = (plain_step, {}), (toolbox_step, {})
PLAIN_BFLOAT16 = plain_step, {'plain_autocast': True}
CHECKPOINTING = toolbox_step, {'model.backbone.with_cp': True}
IN_BFLOAT16 = toolbox_step, {'optim_wrapper.type': 'mmccam.BFloat16OptimWrapper'}
IN_FLOAT16 = toolbox_step, {'optim_wrapper.type': 'AmpOptimWrapper'}
TUNED = toolbox_step, {**IN_FLOAT16[1], 'env_cfg.cudnn_benchmark': True}
LEAKY = {
    f'model.backbone.act_cfg.{key}': value
    for key, value in dict(type='LeakyReLU', negative_slope=0.2).items()
}
STEP = Part(
    'Training step of NL-CCAM: {batch_size} images of side {image_side}',
    run_step,
    {
        'plain': Form(PLAIN),
        'mmccam': Form(OURS),
        'mmccam, checkpointing': Form(CHECKPOINTING),
        'plain, TF32': Form(PLAIN, 'TF32', gpu_only=True),
        'mmccam, TF32': Form(OURS, 'TF32', gpu_only=True),
        'plain, bfloat16': Form(PLAIN_BFLOAT16, 'bfloat16', gpu_only=True),
        'mmccam, bfloat16': Form(IN_BFLOAT16, 'bfloat16'),
        'mmccam, float16': Form(IN_FLOAT16, 'float16', gpu_only=True),
        'mmccam, float16, cudnn_benchmark': Form(TUNED, 'float16', gpu_only=True),
    },
    tolerances=(1e-3, 2e-2),
    fresh=True,
    operations=count_step,
)
# Both with the LeakyReLU of the authors' code, whose form the plain one is.
RELEASED_STEP = Part(
    'The same with LeakyReLU(0.2)',
    run_step,
    {'plain': Form((plain_step, LEAKY)), 'mmccam': Form((toolbox_step, LEAKY))},
    tolerances=(1e-3, 2e-2),
    fresh=True,
    operations=count_step,
)
