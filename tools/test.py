"""Evaluate a trained model, and draw some of its boxes."""

import argparse
from pathlib import Path
from typing import Optional

import mmengine
from common import add_options, build_runner, end_together, read_config
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmccam.evaluation import CCAMLocalizationMetric, DumpBoxes, DumpMaps, PxAP
from mmccam.evaluation.base import LocalizationMetric
from mmccam.evaluation.tables import (
    ERROR_COLUMNS,
    LOCALIZATION_COLUMNS,
    format_results,
    metric_rows,
)
from mmccam.evaluation.threshold_file import (
    apply_thresholds,
    read_thresholds,
    shared_images,
    threshold_file,
)

SUFFIXES = ('.json', '.md', '.pkl', '.txt')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--thresholds',
        nargs='?',
        const='',
        help='use the box rules and thresholds of this file of search_threshold.py; '
        'without a value that beside the checkpoint',
    )
    parser.add_argument(
        '--out',
        nargs='+',
        default=[],
        help='files to write: metrics as .json, tables as .txt or .md, '
        'predictions as .pkl',
    )
    parser.add_argument(
        '--dump-maps', help='folder to write the maps to, as <map>/<image>.npy'
    )
    parser.add_argument(
        '--dump-boxes', help='folder to write the boxes to, COCO results as <map>.json'
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    add_options(parser)
    args = parser.parse_args()
    for out in args.out:
        if Path(out).suffix not in SUFFIXES:
            parser.error(f'--out must end in one of {", ".join(SUFFIXES)}, got {out}')
    return args


def mark_searched_on_test(runner: Runner, found: dict) -> None:
    """Say in the names of the results if thresholds were chosen on the same images."""
    shared = shared_images(found, runner.test_dataloader.dataset)
    if not shared:
        return
    MMLogger.get_current_instance().warning(
        f'thresholds were chosen on {shared} of the images that are evaluated: '
        'the names of the results say so'
    )
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, LocalizationMetric):
            metric.prefix += '_threshold_from_test'


def add_dumps(
    runner: Runner, maps_dir: Optional[str], boxes_dir: Optional[str]
) -> None:
    """Write maps, and boxes by the same rules, of all that is evaluated."""
    evaluator, dataset = runner.test_evaluator, runner.test_dataloader.dataset
    root = dataset.data_prefix['img_path']
    dumps = []
    for metric in evaluator.metrics:
        if not isinstance(metric, (CCAMLocalizationMetric, PxAP)):
            continue
        common = dict(cam=metric.cam, root=root, prefix=f'{metric.prefix}/files')
        if maps_dir:
            dumps.append(DumpMaps(out_dir=f'{maps_dir}/{metric.prefix}', **common))
        if boxes_dir and isinstance(metric, CCAMLocalizationMetric):
            rule = metric.box_rule
            dumps.append(
                DumpBoxes(
                    out_file=f'{boxes_dir}/{metric.prefix}.json',
                    box_rule=rule.name,
                    threshold=rule.threshold,
                    **common,
                )
            )
    evaluator.metrics += dumps
    evaluator.dataset_meta = dataset.metainfo


def collect(runner: Runner, metrics: dict, found: Optional[dict]) -> dict:
    """Put together the metrics, as they are and as tables, and their thresholds."""
    rules = {
        f'{metric.prefix}/box_rule': metric.box_rule.name
        for metric in runner.test_evaluator.metrics
        if isinstance(metric, CCAMLocalizationMetric)
    }
    return dict(
        metrics=metrics,
        localization=metric_rows({**rules, **metrics}, LOCALIZATION_COLUMNS),
        errors=metric_rows(metrics, ERROR_COLUMNS),
        thresholds=found and found['provenance'],
    )


def main() -> None:
    args = parse_args()
    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    if args.amp:
        cfg.test_cfg.fp16 = True
    if isinstance(cfg.test_evaluator, dict):
        cfg.test_evaluator = [cfg.test_evaluator]
    found = None
    if args.thresholds is not None:
        path = args.thresholds or threshold_file(args.checkpoint)
        found = read_thresholds(path, args.checkpoint)
        apply_thresholds(cfg, found)
    runner = build_runner(cfg)
    if found:
        mark_searched_on_test(runner, found)
    add_dumps(runner, args.dump_maps, args.dump_boxes)
    runner.test_evaluator.metrics += [
        DumpResults(out) for out in args.out if out.endswith('.pkl')
    ]
    metrics = runner.test()
    if is_main_process():
        results = collect(runner, metrics, found)
        MMLogger.get_current_instance().info(f'\n{format_results(results)}')
        for out in map(Path, args.out):
            if out.suffix == '.json':
                mmengine.dump(results, out, indent=2)
            elif out.suffix in ('.md', '.txt'):
                text = format_results(results, markdown=out.suffix == '.md')
                out.write_text(f'{text}\n', encoding='utf-8')
    end_together()


if __name__ == '__main__':
    main()
