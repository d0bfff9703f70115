"""Write the boxes of a trained model as a COCO training set for a detector.

No box is drawn by hand or read: the split only has image labels.
"""

import argparse
from pathlib import Path

import _cli


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    _cli.add_options(parser, 'config', 'checkpoint', *_cli.RUN)
    add = parser.add_argument
    add('--out', required=True, help='JSON file to write')
    splits = ['train', 'val', 'test']
    add('--split', choices=splits, default='train', help='split to make boxes for')
    _cli.add_box_options(parser)
    args = parser.parse_args()
    if Path(args.out).suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from mmengine.config import Config
from mmengine.logging import MMLogger

from mmccam.apis import runs
from mmccam.evaluation import DumpPseudoBoxes, thresholds
from mmccam.structures import default_map_name
from mmccam.whole_files import check_writable


def pseudo_box_config(args: argparse.Namespace) -> Config:
    """Read the config and make its test one of the split, without metrics."""
    cfg = _cli.read_config(args)
    check_writable(args.out)
    dataset = runs.find_loader(cfg, args.split).dataset
    # Only a data set that is evaluated must have boxes.
    loader = runs.find_loader(cfg, 'test')
    dataset.update(pipeline=loader.dataset.pipeline, test_mode=False)
    loader.dataset = dataset
    cfg.custom_hooks = runs.without_drawing(cfg)
    cfg.test_evaluator = []
    return cfg


def main(args: argparse.Namespace) -> None:
    with _cli.user_errors(*_cli.CONFIG_ERRORS):
        cfg = pseudo_box_config(args)
        runner = runs.build_test_runner(cfg)
        head, evaluator = thresholds.head_of(runner), runner.test_evaluator
        dataset = runner.test_dataloader.dataset
        rule = (
            args.cam or default_map_name(head.map_names, head.default_map),
            args.box_rule,
            args.threshold,
        )
        root = dataset.data_prefix['img_path']
        metric = DumpPseudoBoxes(*rule, out_file=args.out, root=root)
        evaluator.metrics = [metric]
        evaluator.dataset_meta = dataset.metainfo
        runs.check_run(runner, 'test', evaluator)
        if args.thresholds is not None:
            path = args.thresholds or thresholds.threshold_file(args.checkpoint)
            maps = thresholds.maps_of(cfg, head)
            found = thresholds.read_thresholds(path, args.checkpoint, maps)
            thresholds.apply_thresholds([metric], found)
    with _cli.user_errors():
        runner.test()
        MMLogger.get_current_instance().info(
            f'Boxes by the rule {metric.box_rule.name} with the threshold '
            f'{metric.box_rule.threshold:g} are written to {args.out}, paths of the '
            f'images are relative to {metric.root}'
        )
    _cli.end_together()


if __name__ == '__main__':
    main(args)
