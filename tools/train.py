"""Train a model from a config, and evaluate it after each epoch."""

import argparse

import _cli


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    _cli.add_options(parser, 'config', '--amp', *_cli.RUN)
    add = parser.add_argument
    what = 'checkpoint to resume from; without a value the latest of the work dir'
    add('--resume', nargs='?', const='auto', help=what)
    add('--no-validate', action='store_true', help='do not evaluate during training')
    what = 'scale the learning rate by the total batch size'
    add('--auto-scale-lr', action='store_true', help=what)
    what = 'pass over images that cannot be read, and list them in unreadable.txt'
    add('--skip-unreadable', action='store_true', help=what)
    args = parser.parse_args()
    if args.resume == '':
        parser.error('--resume needs the name of a checkpoint, or no value')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.runner import Runner, find_latest_checkpoint

from mmccam.apis.config import one_sentence
from mmccam.apis.runs import VARIABLES, ToolRunner, check_run, find_loader
from mmccam.checkpoints.loading import newest_checkpoint
from mmccam.engine import FittingWeightsHook
from mmccam.whole_files import one_writer


def build_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the options to it."""
    cfg = _cli.read_config(args)
    if args.amp and get_device() == 'cpu':
        cfg.optim_wrapper.type = 'mmccam.BFloat16OptimWrapper'
    elif args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume:
        path = find_checkpoint(cfg) if args.resume == 'auto' else args.resume
        if path:
            cfg.resume, cfg.load_from = True, path
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr and 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(
            '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in '
            f'{cfg.filename}'
        )
    if args.auto_scale_lr:
        cfg.auto_scale_lr.enable = True
    if args.skip_unreadable:
        skip_unreadable(cfg)
    return cfg


def find_checkpoint(cfg: Config) -> Optional[str]:
    """Find the newest complete checkpoint of the work dir, None in one without any."""
    newest = newest_checkpoint(Path(cfg.work_dir))
    # Or the one that mmengine has noted, whatever its name.
    path = str(newest) if newest else find_latest_checkpoint(cfg.work_dir)
    if not path:
        print_log(f'{cfg.work_dir} has no checkpoint to resume: training begins')
    return path


def skip_unreadable(cfg: Config) -> None:
    """Have the training pass over images that cannot be read, and count them."""
    file = str(Path(cfg.work_dir, 'unreadable.txt'))
    steps = cfg.train_dataloader.dataset.get('pipeline', ())
    loaders = [step for step in steps if step.get('type') == 'mmccam.LoadImage']
    if not loaders:
        raise ValueError(
            f'--skip-unreadable needs mmccam.LoadImage in the training pipeline of '
            f'{cfg.filename}'
        )
    for loader in loaders:
        loader.unreadable = file
    hook = dict(type='mmccam.UnreadableImagesHook', file=file)
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]


def is_first_process(cfg: Config) -> bool:
    """Whether this is the process that writes, before mmengine has joined them."""
    name = VARIABLES.get(cfg.launcher, [None])[0]
    return name is None or os.environ[name] == '0'


def build_runner(cfg: Config) -> Runner:
    """Build a runner and all its parts, so that mistakes show before training."""
    if cfg.get('val_dataloader'):
        find_loader(cfg, 'val')
    runner = ToolRunner.from_cfg(cfg)
    if cfg.get('resume'):
        runner.register_hook(FittingWeightsHook())
    loop = runner.train_loop
    # What is built, and scaled, here is not built again by train().
    with one_sentence(f'optim_wrapper = {cfg.optim_wrapper} cannot be built'):
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
        runner.auto_scale_lr = None
    schedulers = runner.param_schedulers
    if schedulers is not None:
        with one_sentence(f'param_scheduler = {schedulers} cannot be built'):
            runner.param_schedulers = runner.build_param_scheduler(schedulers)
    if loop.val_interval < 1 or loop.max_epochs < 1:
        raise ValueError(
            'train_cfg needs max_epochs and val_interval of at least 1, got '
            f'{loop.max_epochs} and {loop.val_interval}'
        )
    # The test is not run here, but its metrics are what the training is for.
    metrics = runner.build_evaluator(cfg.get('test_evaluator') or [])
    check_run(runner, 'train', metrics)
    if runner.val_loop is not None:
        check_run(runner, 'val', runner.val_evaluator)
    return runner


def main(args: argparse.Namespace) -> None:
    with ExitStack() as held:
        with _cli.user_errors(*_cli.CONFIG_ERRORS):
            cfg = build_config(args)
            if is_first_process(cfg):
                held.enter_context(one_writer(cfg.work_dir))
            runner = build_runner(cfg)
        with _cli.user_errors():
            runner.train()
    _cli.end_together()


if __name__ == '__main__':
    main(args)
