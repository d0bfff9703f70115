"""What an evaluation has found, and the files that it writes it to."""

import argparse
from pathlib import Path

import mmcv
import mmengine
from mmengine.evaluator import BaseMetric
from mmengine.fileio import put_text
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.evaluation import CCAMLocalizationMetric, LocalizationErrors
from mmccam.visualization import draw_sheet
from mmccam.visualization.report import render_report
from mmccam.visualization.tables import (
    ERROR_COLUMNS,
    LOCALIZATION_COLUMNS,
    format_results,
    metric_rows,
)

# Predictions, .pkl, are written by a metric of mmengine.
SUFFIXES = ('.html', '.json', '.md', '.pkl', '.png', '.txt')


def refuse_empty_sheet(files: list[str], metrics: list[BaseMetric]) -> None:
    """Refuse a contact sheet that would have no images."""
    sheets = [out for out in files if out.endswith('.png')]
    if sheets and not any(isinstance(one, LocalizationErrors) for one in metrics):
        raise ValueError(
            f'--out {sheets[0]} needs mmccam.LocalizationErrors in the test_evaluator'
        )


def collect(
    runner: Runner, metrics: dict, found: dict, searched: list[BaseMetric]
) -> dict:
    """Put together the metrics, as they are and as tables, and their thresholds."""
    rules = {}
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, CCAMLocalizationMetric):
            split = found['provenance']['split'] if metric in searched else 'config'
            rules[f'{metric.prefix}/box_rule'] = metric.box_rule.name
            rules[f'{metric.prefix}/chosen_on'] = split
    return dict(
        metrics=metrics,
        localization=metric_rows({**rules, **metrics}, LOCALIZATION_COLUMNS),
        errors=metric_rows(metrics, ERROR_COLUMNS),
        provenance=found.get('provenance'),
    )


def write(args: argparse.Namespace, runner: Runner, results: dict, found: dict) -> None:
    """Log the results and write them to the files."""
    MMLogger.get_current_instance().info(f'\n{format_results(results)}')
    metrics, dataset = runner.test_evaluator.metrics, runner.test_dataloader.dataset
    for out in args.out:
        suffix = Path(out).suffix
        if suffix == '.json':
            mmengine.dump(results, out, indent=2, backend_args=WHOLE_FILES)
        elif suffix in ('.md', '.txt'):
            text = format_results(results, markdown=suffix == '.md')
            put_text(f'{text}\n', out, backend_args=WHOLE_FILES)
        elif suffix == '.html':
            about = dict(
                config=args.config,
                checkpoint=args.checkpoint,
                data=f'{type(dataset).__name__}, {dataset.data_root}',
                split=getattr(dataset, 'split', 'test'),
            )
            page = render_report(about, results, metrics, dataset, found)
            put_text(page, out, backend_args=WHOLE_FILES)
        elif suffix == '.png':
            sheet = mmcv.rgb2bgr(draw_sheet(metrics, dataset))
            mmcv.imwrite(sheet, out, backend_args=WHOLE_FILES)
