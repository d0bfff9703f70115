"""Train a model from a config, and evaluate it after each epoch."""

import argparse

from common import add_options, end_together, read_config, user_errors
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to resume from; without a value the latest of the work dir',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: float16 on a GPU, bfloat16 on a CPU',
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='do not evaluate during training'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the total batch size',
    )
    add_options(parser)
    return parser.parse_args()


def build_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the options to it."""
    cfg = read_config(args)
    if args.amp and get_device() == 'cpu':
        cfg.optim_wrapper.type = 'mmccam.BFloat16OptimWrapper'
    elif args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        cfg.auto_scale_lr.enable = True
    return cfg


def main() -> None:
    args = parse_args()
    with user_errors():
        cfg = build_config(args)
    Runner.from_cfg(cfg).train()
    end_together()


if __name__ == '__main__':
    main()
