"""Search combination function, box rule and threshold, on the validation split."""

import argparse
from pathlib import Path

import _cli

COLUMNS = ('map', 'box rule', 'threshold', 'GT-known')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    _cli.add_options(parser, 'config', 'checkpoint', *_cli.RUN)
    add = parser.add_argument
    what = 'JSON file to write, with a PNG of the same name; by default beside the '
    add('--out', help=what + 'checkpoint, epoch_30.thresholds.json for epoch_30.pth')
    what = 'split to search on; names of results on the same images will say so'
    add('--split', choices=['val', 'test'], default='val', help=what)
    add('--box-rules', nargs='+', help='names of the rules')
    what = 'instead of the maps of the config, those of all values of parameters of '
    what += 'g(k), with curves against them; by default in epoch_30.sweep.json'
    add('--sweep', nargs='+', choices=['p', 'degree', 'i', 'j'], help=what)
    add('--points', type=int, default=21, help='about how many values of each')
    args = parser.parse_args()
    if args.points < 2:
        parser.error(f'--points must be 2 or more, got {args.points}')
    kind = 'sweep' if args.sweep else 'thresholds'
    args.out = Path(args.out or Path(args.checkpoint).with_suffix(f'.{kind}.json'))
    if args.out.suffix != '.json':
        parser.error(f'--out must end in .json, got {args.out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import _sweep
import mmengine
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger

from mmccam.apis.runs import build_test_runner, find_loader, without_drawing
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.evaluation import ThresholdSearch, thresholds
from mmccam.visualization.numbers import (
    describe_choice,
    format_rows,
    save_curves,
    save_threshold_curves,
)
from mmccam.whole_files import check_writable


def search_config(args: argparse.Namespace) -> Config:
    """Read the config and make its test one of the split, without metrics."""
    cfg = _cli.read_config(args)
    for suffix in ('.json', '.png'):
        check_writable(args.out.with_suffix(suffix))
    loader = find_loader(cfg, args.split)
    if args.split == 'val' and loader.dataset == cfg.test_dataloader.dataset:
        raise ValueError(
            'validation and test split of the config are the same: use one with a '
            'validation split of its own, or --split test'
        )
    if args.sweep:
        head = cfg.model.head
        head.cams = _sweep.sweep_cams(args.sweep, head.num_classes, args.points)
    cfg.test_evaluator = []
    cfg.test_dataloader = loader
    cfg.custom_hooks = without_drawing(cfg)
    return cfg


def write(found: dict, args: argparse.Namespace) -> None:
    """Write what was found and its curves, and log the best."""
    split, num_images = (found['provenance'][key] for key in ('split', 'num_images'))
    title = f'{args.checkpoint} on {split}, {num_images} images'
    mmengine.dump(found, args.out, indent=2, backend_args=WHOLE_FILES)
    picture = args.out.with_suffix('.png')
    if args.sweep:
        save_curves(_sweep.swept_curves(found, args.sweep), picture, title)
    else:
        save_threshold_curves(found, picture, title)
    rows = [
        dict(zip(COLUMNS, (name, *rule.values())))
        for name, rules in found['thresholds'].items()
        for rule in rules
    ]
    text = f'\n{format_rows(rows)}\n\n{title}; written to {args.out}'
    if found['provenance']['chosen']:
        text += f'\n{describe_choice(found["provenance"])}'
    MMLogger.get_current_instance().info(text)


def main(args: argparse.Namespace) -> None:
    with _cli.user_errors(*_cli.CONFIG_ERRORS):
        cfg = search_config(args)
        about = {name: vars(args)[name] for name in ('config', 'checkpoint', 'split')}
        about['checkpoint_sha256'] = thresholds.sha256(args.checkpoint)
        runner = build_test_runner(cfg)
        head, evaluator = thresholds.head_of(runner), runner.test_evaluator
        rules = args.box_rules or thresholds.BOX_RULES
        evaluator.metrics = [
            ThresholdSearch(name, box_rules=rules) for name in head.map_names
        ]
        dataset = runner.test_dataloader.dataset
        evaluator.dataset_meta = dataset.metainfo
    with _cli.user_errors():
        runner.test()
        if thresholds.sha256(args.checkpoint) != about['checkpoint_sha256']:
            raise ValueError(
                f'{args.checkpoint} was replaced during the search: search again'
            )
        if is_main_process():
            found = thresholds.describe_search(
                evaluator.metrics,
                dataset,
                about,
                maps=thresholds.maps_of(cfg, head),
                functions=list(head.combinations),
            )
            write(found, args)
    _cli.end_together()


if __name__ == '__main__':
    main(args)
