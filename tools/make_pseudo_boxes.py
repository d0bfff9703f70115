"""Write the boxes of a trained model as a COCO training set for a detector.

No box is drawn by hand or read: the split only has image labels.
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

from mmccam.apis.runs import (
    build_test_runner,
    check_run,
    find_loader,
    without_drawing,
)
from mmccam.evaluation import DumpPseudoBoxes
from mmccam.evaluation.thresholds import (
    apply_thresholds,
    head_of,
    maps_of,
    read_thresholds,
    threshold_file,
)
from mmccam.structures import default_map_name


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, 'config', 'checkpoint', *RUN)
    add = parser.add_argument
    add('--out', required=True, help='JSON file to write')
    splits = ['train', 'val', 'test']
    add('--split', choices=splits, default='train', help='split to make boxes for')
    add_box_options(parser)
    args = parser.parse_args()
    if Path(args.out).suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    return args


def pseudo_box_config(args: argparse.Namespace) -> Config:
    """Read the config and make its test one of the split, without metrics."""
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
    cfg.test_evaluator = []
    return cfg


def main() -> None:
    args = parse_args()
    with user_errors(*CONFIG_ERRORS):
        cfg = pseudo_box_config(args)
        runner = build_test_runner(cfg)
        head, evaluator = head_of(runner), runner.test_evaluator
        dataset = runner.test_dataloader.dataset
        metric = DumpPseudoBoxes(
            args.cam or default_map_name(head.map_names),
            args.box_rule,
            args.threshold,
            out_file=args.out,
            root=dataset.data_prefix['img_path'],
        )
        evaluator.metrics = [metric]
        evaluator.dataset_meta = dataset.metainfo
        check_run(runner, 'test', evaluator)
        if args.thresholds is not None:
            path = args.thresholds or threshold_file(args.checkpoint)
            found = read_thresholds(path, args.checkpoint, maps_of(cfg, head))
            apply_thresholds([metric], found)
    with user_errors():
        runner.test()
        MMLogger.get_current_instance().info(
            f'Boxes by the rule {metric.box_rule.name} with the threshold '
            f'{metric.box_rule.threshold:g} are written to {args.out}, paths of the '
            f'images are relative to {metric.root}'
        )
    end_together()


if __name__ == '__main__':
    main()
