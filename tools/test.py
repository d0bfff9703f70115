"""Evaluate a trained model, and draw some of its boxes."""

import argparse
from collections import Counter
from pathlib import Path

from _cli import (
    CONFIG_ERRORS,
    RUN,
    add_options,
    end_together,
    read_config,
    user_errors,
)
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from results import SUFFIXES, collect, refuse_empty_sheet, write

from mmccam.apis.runs import build_test_runner
from mmccam.evaluation import CCAMLocalizationMetric, DumpBoxes, DumpMaps
from mmccam.evaluation.metric import LocalizationMetric
from mmccam.evaluation.thresholds import (
    apply_thresholds,
    maps_of,
    read_thresholds,
    shared_images,
    threshold_file,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, 'config', 'checkpoint', '--thresholds', '--amp', *RUN)
    parser.add_argument(
        '--out',
        nargs='+',
        default=[],
        help='files to write: metrics as .json, tables as .txt or .md, predictions as '
        '.pkl, a page with curves and pictures as .html, a contact sheet as .png',
    )
    parser.add_argument(
        '--dump-maps', help='folder to write the maps to, as <map>/<image>.npy'
    )
    parser.add_argument(
        '--map-side',
        type=int,
        help='write square maps of this side in pixels, not of the size of the image',
    )
    parser.add_argument(
        '--dump-boxes',
        help='folder to write the boxes to, COCO results as <prefix>.json',
    )
    args = parser.parse_args()
    if args.map_side and not args.dump_maps:
        parser.error('--map-side needs --dump-maps')
    for out in args.out:
        if Path(out).suffix not in SUFFIXES:
            parser.error(f'--out must end in one of {", ".join(SUFFIXES)}, got {out}')
    return args


def read_test_config(args: argparse.Namespace) -> tuple[Config, dict, list[int]]:
    """Read the config and the thresholds for it, and make the folders to write to.

    Returns:
        The config, what was found by a search, and the places of the metrics whose
        threshold is from there; both empty without ``--thresholds``.
    """
    cfg = read_config(args)
    folders = [args.dump_maps, args.dump_boxes, *(Path(out).parent for out in args.out)]
    for folder in filter(None, folders):
        Path(folder).mkdir(parents=True, exist_ok=True)
    if args.amp:
        cfg.test_cfg.fp16 = True
    if isinstance(cfg.test_evaluator, dict):
        cfg.test_evaluator = [cfg.test_evaluator]
    if args.thresholds is None:
        return cfg, {}, []
    path = args.thresholds or threshold_file(args.checkpoint)
    found = read_thresholds(path, args.checkpoint, maps_of(cfg))
    places = apply_thresholds(cfg, found)
    if not places:
        raise ValueError('--thresholds: no metric of the config takes a threshold')
    return cfg, found, places


def mark_searched_on_test(
    metrics: list[BaseMetric], searched: list[BaseMetric], shared: int
) -> None:
    """Say in the names of results that thresholds were chosen on the same images.

    Metrics of the same map without a box rule, such as MaxBoxAcc, are renamed too, so
    that they stay in its row.
    """
    MMLogger.get_current_instance().warning(
        f'thresholds were chosen on {shared} of the images that are evaluated: '
        'the names of the results say so'
    )
    cams = {metric.map_name for metric in searched}
    for metric in metrics:
        has_cam = isinstance(metric, LocalizationMetric) and metric.map_name in cams
        if metric in searched or (has_cam and not hasattr(metric, 'box_rule')):
            metric.prefix += '_threshold_from_test'


def refuse_equal_names(metrics: list[BaseMetric]) -> None:
    """Refuse metrics of several box rules whose results would have the same names."""
    names = Counter(
        (type(metric).__name__, metric.prefix)
        for metric in metrics
        if hasattr(metric, 'box_rule')
    )
    for (kind, prefix), count in names.items():
        if count > 1:
            raise ValueError(
                f'the test_evaluator has {count} times {kind} with the prefix '
                f'"{prefix}": give each a prefix of its own'
            )


def map_dumps(args: argparse.Namespace, runner: Runner) -> list[DumpMaps]:
    """Make the metrics that write the maps of all that is evaluated."""
    if not args.dump_maps:
        return []
    metrics = runner.test_evaluator.metrics
    cams = {m.map_name: None for m in metrics if isinstance(m, LocalizationMetric)}
    if not cams:
        raise ValueError('--dump-maps needs a metric of a map in the test_evaluator')
    root = runner.test_dataloader.dataset.data_prefix['img_path']
    return [
        DumpMaps(
            cam,
            out_dir=f'{args.dump_maps}/{cam}',
            root=root,
            side=args.map_side,
            prefix=f'{cam}/maps',
        )
        for cam in cams
    ]


def box_dumps(args: argparse.Namespace, runner: Runner) -> list[DumpBoxes]:
    """Make the metrics that write the boxes of all that is evaluated."""
    if not args.dump_boxes:
        return []
    metrics = runner.test_evaluator.metrics
    scored = [m for m in metrics if isinstance(m, CCAMLocalizationMetric)]
    if not scored:
        raise ValueError(
            '--dump-boxes needs mmccam.CCAMLocalizationMetric in the test_evaluator'
        )
    root = runner.test_dataloader.dataset.data_prefix['img_path']
    return [
        DumpBoxes(
            metric.map_name,
            out_file=f'{args.dump_boxes}/{metric.prefix}.json',
            root=root,
            box_rule=metric.box_rule.name,
            threshold=metric.box_rule.threshold,
            prefix=f'{metric.prefix}/boxes',
        )
        for metric in scored
    ]


def main() -> None:
    args = parse_args()
    with user_errors(*CONFIG_ERRORS):
        cfg, found, places = read_test_config(args)
        runner = build_test_runner(cfg)
        evaluator, dataset = runner.test_evaluator, runner.test_dataloader.dataset
        searched = [evaluator.metrics[place] for place in places]
        shared = shared_images(found, dataset) if searched else 0
        if shared:
            mark_searched_on_test(evaluator.metrics, searched, shared)
        refuse_equal_names(evaluator.metrics)
        refuse_empty_sheet(args.out, evaluator.metrics)
        evaluator.metrics += [
            *map_dumps(args, runner),
            *box_dumps(args, runner),
            *(DumpResults(out) for out in args.out if out.endswith('.pkl')),
        ]
        evaluator.dataset_meta = dataset.metainfo
    with user_errors():
        metrics = runner.test()
        if is_main_process():
            results = collect(runner, metrics, found, searched)
            write(args, runner, results, found)
    end_together()


if __name__ == '__main__':
    main()
