"""An epoch of training and a test: as the tools run them, and in plain loops."""

import io
import os
import tempfile
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import wraps
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmccam.apis.runs import ToolRunner
from mmccam.datasets.demo import BADGES, generate_demo
from mmccam.engine import EpochSeedHook

from .device import peak_memory, seconds_of
from .measure import Form, Measurement, Part

CONFIG = Path(__file__).parents[2] / 'configs/nlccam_custom.py'
POINTS = [p for p in Hook.stages if 'checkpoint' not in p]  # those lie within others


@contextmanager
def data_folder(args: Namespace) -> Iterator[Path]:
    """Yield a new folder, once the variables of the config name the data and its size.

    The data are those of ``--data``, or the demo, which is drawn in the folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        data, count = args.data, -(-args.images // len(BADGES))
        if data is None:
            data = generate_demo(f'{folder}/data', count, 1, count, size=500)
        os.environ.update(MMCCAM_DATA_ROOT=str(data), MMCCAM_SIZE=str(args.image_side))
        yield Path(folder)


def options_of(args: Namespace) -> dict:
    """One epoch, with the images, the batches and the processes that are asked for."""
    options = {'model.backbone.init_cfg': None, 'train_cfg.max_epochs': 1}
    for split in ('train', 'test'):
        loader = f'{split}_dataloader'
        options[f'{loader}.batch_size'] = args.batch_size
        options[f'{loader}.num_workers'] = args.workers
        options[f'{loader}.persistent_workers'] = False
        options[f'{loader}.dataset.indices'] = args.images
    return options


def plain_epoch(runner: Runner) -> None:
    """Train for an epoch with the same random numbers; log and save nothing."""
    model, loader = runner.model, runner.train_loop.dataloader
    optimizer = runner.build_optim_wrapper(runner.optim_wrapper).optimizer
    (seeds,) = (hook for hook in runner.hooks if isinstance(hook, EpochSeedHook))
    model.init_weights()
    seeds.before_train(runner)
    seeds.before_train_epoch(runner)
    model.train()
    for data in loader:
        data = model.data_preprocessor(data, training=True)
        loss = model(**data, mode='loss')['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def plain_test(runner: Runner) -> None:
    """Predict all images, without a metric."""
    model, loader = runner.model.eval(), runner.test_loop.dataloader
    for data in loader:
        model.test_step(data)


def clock(runner: Runner) -> Counter:
    """Count the seconds of the network, of each hook and of the metrics."""
    seconds = Counter()

    def watch(part: object, method: str, name: str) -> None:
        function = getattr(part, method)

        @wraps(function)
        def watched(*args, **kwargs):
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[name] += time.perf_counter() - start

        setattr(part, method, watched)

    for step in ('train_step', 'test_step'):
        watch(runner.model, step, 'network')
    for hook in runner.hooks:
        for point in POINTS:
            watch(hook, point, type(hook).__name__)
    for method in ('process', 'evaluate'):
        watch(runner.test_evaluator, method, f'metrics, {method}')
    return seconds


def run_epoch(loop: Callable, precision: str, args: Namespace) -> Measurement:
    """Run a loop over the images, that of the toolbox with the seconds of its parts."""
    torch.manual_seed(args.seed)
    values = []
    with data_folder(args) as folder, redirect_stdout(io.StringIO()):
        cfg = Config.fromfile(CONFIG)
        cfg.merge_from_dict(options_of(args))
        cfg.work_dir, cfg.randomness.seed = str(folder / 'run'), args.seed
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        runner = ToolRunner.from_cfg(cfg)

        def keep_first(model: nn.Module, inputs: tuple, output: object) -> None:
            first.remove()
            if isinstance(output, dict):
                values.append(output['loss'].item())
            else:
                values.extend(sample.pred_score.numpy() for sample in output)

        first = runner.model.register_forward_hook(keep_first)
        runner.test_loop  # noqa: B018  builds the metrics
        parts = Counter() if loop in (plain_epoch, plain_test) else clock(runner)
        with peak_memory('cpu') as peak:
            seconds = seconds_of(lambda: loop(runner))
            megabytes = peak()
    if parts:
        parts['loading and the rest'] = seconds - sum(parts.values())
    return Measurement(args.images, seconds, np.array(values), megabytes, parts)


# A training differs from the plain one after the first step, by its learning rate.
EPOCH = Part(
    'An epoch of nlccam_custom.py: {images} images of side {image_side}, batches of '
    '{batch_size}, {workers} processes that load',
    run_epoch,
    {'plain loop': Form(plain_epoch), 'mmccam': Form(ToolRunner.train)},
    tolerances=(1e-5, 0),
    fresh=True,
)
TEST = Part(
    'Its test with all metrics and pictures; the plain loop has none',
    run_epoch,
    {'plain loop': Form(plain_test), 'mmccam': Form(ToolRunner.test)},
    tolerances=(1e-5, 0),
    fresh=True,
)
