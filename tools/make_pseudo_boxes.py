"""Write the boxes of a trained model as a training set of COCO for a detector.

No drawn box is needed or looked at: the split has image labels alone.
"""

import argparse
from pathlib import Path

from _cli import (
    CONFIG_ERRORS,
    RUN,
    add_box_options,
    add_options,
    end_together,
    read_config,
    user_errors,
)
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmccam.apis.runs import build_test_runner, find_loader, without_drawing
from mmccam.evaluation.thresholds import (
    apply_thresholds,
    maps_of,
    read_thresholds,
    threshold_file,
)
from mmccam.structures import default_map_name


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, 'config', 'checkpoint', *RUN)
    parser.add_argument('--out', required=True, help='JSON file to write')
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='split to make boxes for',
    )
    add_box_options(parser)
    args = parser.parse_args()
    if Path(args.out).suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    return args


def pseudo_box_config(args: argparse.Namespace) -> Config:
    """Make the test of a config the one that writes boxes.

    Raises:
        ValueError: If the split of the config is no plain data set.
    """
    cfg = read_config(args)
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    dataset = find_loader(cfg, args.split).dataset
    if 'pipeline' not in dataset:
        raise ValueError(
            f'the split {args.split} of {cfg.filename} must be a data set with a '
            f'pipeline, got {dataset.type}'
        )
    # Only a data set that is evaluated must have boxes.
    loader = find_loader(cfg, 'test')
    dataset.update(pipeline=loader.dataset.pipeline, test_mode=False)
    loader.dataset = dataset
    cfg.custom_hooks = without_drawing(cfg)
    metric = dict(
        type='mmccam.DumpPseudoBoxes',
        cam=args.cam or default_map_name(maps_of(cfg)['cams']),
        out_file=args.out,
        root='.',  # known to the data set, which is not built yet
    )
    if args.box_rule:
        metric['box_rule'] = args.box_rule
    if args.threshold is not None:
        metric['threshold'] = args.threshold
    cfg.test_evaluator = [metric]
    if args.thresholds is not None:
        path = args.thresholds or threshold_file(args.checkpoint)
        apply_thresholds(cfg, read_thresholds(path, args.checkpoint, maps_of(cfg)))
    return cfg


def main() -> None:
    args = parse_args()
    with user_errors(*CONFIG_ERRORS):
        runner = build_test_runner(pseudo_box_config(args))
        (metric,) = runner.test_evaluator.metrics
        metric.root = runner.test_dataloader.dataset.data_prefix['img_path']
    with user_errors():
        runner.test()
        MMLogger.get_current_instance().info(
            f'Boxes by the rule {metric.box_rule.name} with the threshold '
            f'{metric.box_rule.threshold:g} are written to {args.out}, paths of the '
            f'images are below {metric.root}'
        )
    end_together()


if __name__ == '__main__':
    main()
