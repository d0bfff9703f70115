"""Evaluate a trained model, and draw some of its boxes."""

import argparse
from pathlib import Path

import _cli

SUFFIXES = ('.html', '.json', '.md', '.pkl', '.png', '.txt')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    _cli.add_options(parser, 'config', 'checkpoint', '--thresholds', '--amp', *_cli.RUN)
    add = parser.add_argument
    what = 'files to write: metrics as .json, tables as .txt or .md, predictions as '
    what += '.pkl, a page with curves and pictures as .html, a contact sheet as .png'
    add('--out', nargs='+', default=[], help=what)
    add('--dump-maps', help='folder to write maps to, as <map>/<image>.npy')
    add('--map-side', type=int, help='side of square maps (default: the image size)')
    add('--dump-boxes', help='folder to write boxes to, COCO results <prefix>.json')
    args = parser.parse_args()
    if args.map_side and not args.dump_maps:
        parser.error('--map-side needs --dump-maps')
    for out in args.out:
        if Path(out).suffix not in SUFFIXES:
            parser.error(f'--out must end in one of {", ".join(SUFFIXES)}, got {out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import json
from collections import Counter

import mmcv
import mmengine
import numpy as np
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.fileio import put_text
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmccam import evaluation
from mmccam.apis.runs import build_test_runner
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.engine import FittingWeightsHook
from mmccam.evaluation import BoxMetric, LocalizationMetric, thresholds
from mmccam.visualization import draw_sheet, numbers
from mmccam.visualization.report import render_report
from mmccam.whole_files import check_writable

IOU = 0.5  # of the curves of MaxBoxAcc


def read_test_config(args: argparse.Namespace) -> Config:
    """Read the config, and make sure of the places to write to."""
    cfg = _cli.read_config(args)
    for folder in filter(None, [args.dump_maps, args.dump_boxes]):
        Path(folder).mkdir(parents=True, exist_ok=True)
    for out in args.out:
        check_writable(out)
    if args.amp:
        cfg.test_cfg.fp16 = True
    return cfg


def use_thresholds(
    args: argparse.Namespace, runner: Runner
) -> tuple[dict, list[BoxMetric]]:
    """Apply what a search has found; it and the metrics that were set, if any."""
    if args.thresholds is None:
        return {}, []
    path = args.thresholds or thresholds.threshold_file(args.checkpoint)
    maps = thresholds.maps_of(runner.cfg, thresholds.head_of(runner))
    found = thresholds.read_thresholds(path, args.checkpoint, maps)
    metrics = runner.test_evaluator.metrics
    searched = thresholds.apply_thresholds(metrics, found)
    if not searched:
        raise ValueError(
            '--thresholds: no metric of the config leaves its threshold open'
        )
    thresholds.apply_thresholds(runner.hooks, found)
    shared = thresholds.shared_images(found, runner.test_dataloader.dataset)
    if shared:
        MMLogger.get_current_instance().warning(
            f'thresholds were chosen on {shared} of the images that are evaluated: '
            'the names of the results say so'
        )
        mark_searched_on_test(metrics, searched)
    return found, searched


def mark_searched_on_test(metrics: list[BaseMetric], searched: list[BoxMetric]) -> None:
    """Say in the names of results that thresholds were chosen on the same images.

    Metrics of the same map without a box rule, such as MaxBoxAcc, are renamed too, so
    that they stay in its row.
    """
    names = {metric.map_name for metric in searched}
    for metric in metrics:
        is_beside = isinstance(metric, LocalizationMetric) and metric.map_name in names
        if metric in searched or (is_beside and not isinstance(metric, BoxMetric)):
            metric.prefix += '_threshold_from_test'


def refuse_equal_names(metrics: list[BaseMetric]) -> None:
    """Refuse metrics of several box rules whose results would have the same names."""
    boxed = (metric for metric in metrics if isinstance(metric, BoxMetric))
    names = Counter((type(metric).__name__, metric.prefix) for metric in boxed)
    for (kind, prefix), count in names.items():
        if count > 1:
            raise ValueError(
                f'the test_evaluator has {count} times {kind} with the prefix '
                f'"{prefix}": give each a prefix of its own'
            )


def metrics_of(kind: type, metrics: list[BaseMetric], need: str) -> list[BaseMetric]:
    """The metrics of a kind; without any a ValueError says who needs one."""
    found = [metric for metric in metrics if isinstance(metric, kind)]
    if not found:
        raise ValueError(f'{need} in the test_evaluator')
    return found


class DumpWholeResults(DumpResults):
    """Writes all predictions, to a file that is complete or not there."""

    def compute_metrics(self, results: list) -> dict:
        mmengine.dump(results, self.out_file_path, backend_args=WHOLE_FILES)
        return {}


def make_dumps(args: argparse.Namespace, runner: Runner) -> list[BaseMetric]:
    """Make the metrics that write maps, boxes and predictions of the evaluation."""
    metrics = runner.test_evaluator.metrics
    root = runner.test_dataloader.dataset.data_prefix.get('img_path')
    dumps = [DumpWholeResults(out) for out in args.out if out.endswith('.pkl')]
    if args.dump_maps:
        need = '--dump-maps needs a metric of a map'
        own = metrics_of(LocalizationMetric, metrics, need)
        for name in dict.fromkeys(metric.map_name for metric in own):
            folder, prefix = f'{args.dump_maps}/{name}', f'{name}/maps'
            options = dict(root=root, side=args.map_side, prefix=prefix)
            dumps.append(evaluation.DumpMaps(name, out_dir=folder, **options))
    if args.dump_boxes:
        need = '--dump-boxes needs mmccam.CCAMLocalizationMetric'
        for metric in metrics_of(evaluation.CCAMLocalizationMetric, metrics, need):
            file, prefix = f'{args.dump_boxes}/{metric.prefix}.json', metric.prefix
            rule = (metric.map_name, metric.box_rule.name, metric.box_rule.threshold)
            options = dict(root=root, prefix=f'{prefix}/boxes')
            dumps.append(evaluation.DumpBoxes(*rule, out_file=file, **options))
    return dumps


def describe(args: argparse.Namespace, runner: Runner) -> dict:
    """Say what was evaluated: names, and seed and epochs of the training if known."""
    dataset = runner.test_dataloader.dataset
    (checked,) = (one for one in runner.hooks if isinstance(one, FittingWeightsHook))
    return dict(
        config=args.config,
        checkpoint=args.checkpoint,
        data=f'{type(dataset).__name__}, {dataset.data_root}',
        split=getattr(dataset, 'split', 'test'),
        images=len(dataset),
        **checked.trained,
    )


def curve_of(metric: evaluation.MaxBoxAcc) -> dict[str, list]:
    """Numbers of images whose largest contour is right at 0.5, by some 100 thresholds.

    Empty if the metric measures no such contours.
    """
    if 'largest' not in metric.names or IOU not in metric.ious:
        return {}
    step = max(1, len(metric.thresholds) // 100)
    right = metric.correct[list(metric.names).index('largest')]
    of_iou = right[metric.ious.tolist().index(IOU)]
    thresholds = metric.thresholds.round(6)
    return dict(thresholds=thresholds[::step].tolist(), right=of_iou[::step].tolist())


def digits(values: np.ndarray) -> str:
    """A digit for each image in the order of the data set; 9 stands for more, too."""
    return ''.join(str(min(int(value), 9)) for value in values)


def collect(
    args: argparse.Namespace,
    runner: Runner,
    metrics: dict,
    found: dict,
    searched: list[BaseMetric],
) -> dict:
    """Put together the metrics, as they are and as tables, and what they are of."""
    boxes, hits, curves, ranks = {}, {}, {}, ''
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, evaluation.MaxBoxAcc):
            curves[metric.prefix] = curve_of(metric)
        if isinstance(metric, evaluation.CCAMLocalizationMetric):
            split = found['provenance']['split'] if metric in searched else 'config'
            boxes[metric.prefix] = dict(
                map_name=metric.map_name,
                box_rule=metric.box_rule.name,
                names_rule=metric.names_rule,
                threshold=metric.box_rule.threshold,
                chosen_on=split,
                iou=metric.iou,
            )
            hits[metric.prefix] = digits(metric.hits)
            ranks = digits(metric.ranks)
    rules = {
        f'{prefix}/{key}': box[key]
        for prefix, box in boxes.items()
        for key in ('box_rule', 'chosen_on')
    }
    rules.update(metrics)
    return dict(
        metrics=metrics,
        localization=numbers.metric_rows(rules, numbers.LOCALIZATION_COLUMNS),
        errors=numbers.metric_rows(metrics, numbers.ERROR_COLUMNS),
        provenance=found.get('provenance'),
        about=describe(args, runner),
        boxes=boxes,
        images=dict(ranks=ranks, hits=hits),
        curves=curves,
        maps=thresholds.maps_of(runner.cfg, thresholds.head_of(runner)),
        model=json.loads(json.dumps(runner.cfg.model, default=str)),
    )


def write(args: argparse.Namespace, runner: Runner, results: dict, found: dict) -> None:
    """Log the results and write them to the files."""
    texts = [f'\n{numbers.format_results(results)}']
    if further := numbers.further_numbers(results['metrics']):
        texts.append(f'Further numbers: {further}.')
    MMLogger.get_current_instance().info('\n\n'.join(texts))
    metrics, dataset = runner.test_evaluator.metrics, runner.test_dataloader.dataset
    for out in args.out:
        suffix = Path(out).suffix
        if suffix == '.json':
            mmengine.dump(results, out, backend_args=WHOLE_FILES)
        elif suffix in ('.md', '.txt'):
            text = numbers.format_results(results, markdown=suffix == '.md')
            put_text(f'{text}\n', out, backend_args=WHOLE_FILES)
        elif suffix == '.html':
            page = render_report(results['about'], results, metrics, dataset, found)
            put_text(page, out, backend_args=WHOLE_FILES)
        elif suffix == '.png':
            sheet = mmcv.rgb2bgr(draw_sheet(metrics, dataset))
            mmcv.imwrite(sheet, out, backend_args=WHOLE_FILES)


def main(args: argparse.Namespace) -> None:
    with _cli.user_errors(*_cli.CONFIG_ERRORS):
        runner = build_test_runner(read_test_config(args))
        evaluator = runner.test_evaluator
        found, searched = use_thresholds(args, runner)
        refuse_equal_names(evaluator.metrics)
        for sheet in (out for out in args.out if out.endswith('.png')):
            need = f'--out {sheet} needs mmccam.LocalizationErrors'
            metrics_of(evaluation.LocalizationErrors, evaluator.metrics, need)
        evaluator.metrics += make_dumps(args, runner)
        # Copies come before metrics, which add to the predictions what they share.
        evaluator.metrics.sort(key=lambda one: not isinstance(one, DumpResults))
        evaluator.dataset_meta = runner.test_dataloader.dataset.metainfo
    with _cli.user_errors():
        metrics = runner.test()
        if is_main_process():
            results = collect(args, runner, metrics, found, searched)
            write(args, runner, results, found)
    _cli.end_together()


if __name__ == '__main__':
    main(args)
