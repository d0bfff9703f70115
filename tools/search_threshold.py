"""Search box rule and threshold of each map of a model, on the validation split."""

import argparse
from pathlib import Path

import mmengine
from common import add_options, build_runner, end_together, read_config
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger

from mmccam.evaluation.tables import format_rows
from mmccam.evaluation.threshold_file import describe_search, threshold_file
from mmccam.visualization.curves import save_threshold_curves


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out',
        help='JSON file to write, with a PNG of the same name; '
        'by default <checkpoint>.thresholds.json beside the checkpoint',
    )
    parser.add_argument(
        '--split',
        choices=['val', 'test'],
        default='val',
        help='split to search on; results on the same images will say so in their name',
    )
    parser.add_argument(
        '--box-rules', nargs='+', default=['cam', 'nlccam_released'], help='rules'
    )
    add_options(parser)
    return parser.parse_args()


def search_config(cfg: Config, split: str, box_rules: list[str]) -> Config:
    """Make the test of a config the search of thresholds for all maps of its head."""
    if split == 'val':
        if cfg.val_dataloader.dataset == cfg.test_dataloader.dataset:
            raise ValueError(
                'validation and test split of the config are the same; take one with '
                'a validation split of its own, or say --split test'
            )
        cfg.test_dataloader = cfg.val_dataloader
    cfg.custom_hooks = []
    cfg.test_evaluator = [
        dict(type='mmccam.ThresholdSearch', cam=cam, box_rules=box_rules)
        for cam in cfg.model.head.cams
    ]
    return cfg


def main() -> None:
    args = parse_args()
    cfg = search_config(read_config(args), args.split, args.box_rules)
    cfg.load_from = args.checkpoint
    runner = build_runner(cfg)
    runner.test()
    if is_main_process():
        found = describe_search(
            runner.test_evaluator.metrics,
            runner.test_dataloader.dataset,
            args.checkpoint,
            args.config,
            args.split,
        )
        path = Path(args.out or threshold_file(args.checkpoint))
        mmengine.dump(found, path, indent=2)
        save_threshold_curves(
            found,
            path.with_suffix('.png'),
            f'{args.checkpoint} on {args.split}, {len(found["images"])} images',
        )
        rows = [
            dict(map=cam, **rule)
            for cam, rules in found['thresholds'].items()
            for rule in rules
        ]
        MMLogger.get_current_instance().info(f'{format_rows(rows)}\nwritten: {path}')
    end_together()


if __name__ == '__main__':
    main()
