"""Evaluate a trained model, and draw some of its boxes."""

import argparse
from pathlib import Path

import mmengine
from common import add_options, build_runner, end_together, read_config
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', help='file to write: metrics as .json, or predictions as .pkl'
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    add_options(parser)
    args = parser.parse_args()
    if args.out and Path(args.out).suffix not in ('.json', '.pkl'):
        parser.error(f'--out must end in .json or .pkl, got {args.out}')
    return args


def main() -> None:
    args = parse_args()
    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    if args.amp:
        cfg.test_cfg.fp16 = True
    runner = build_runner(cfg)
    if args.out and args.out.endswith('.pkl'):
        runner.test_evaluator.metrics.append(DumpResults(args.out))
    metrics = runner.test()
    if args.out and args.out.endswith('.json') and is_main_process():
        mmengine.dump(metrics, args.out, indent=2)
    end_together()


if __name__ == '__main__':
    main()
