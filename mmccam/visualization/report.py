"""A page that shows an evaluation: one HTML file that loads nothing else."""

import base64
import io
import platform
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import mmcv
import mmengine
import mmpretrain
import numpy as np
import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from PIL import Image

from .._on_import import __version__
from ..evaluation import LocalizationErrors, MaxBoxAcc
from ..evaluation.metric import ERRORS, Outcome
from ..structures import image_name
from . import numbers
from .overlay import draw_legend
from .sheet import ROWS, SIDE, describe, draw_outcome, headline, with_examples

HEADINGS = ROWS | {kind: f'Lowest overlap: {kind.replace("_", " ")}' for kind in ERRORS}
CONTOURS = {'largest': 'largest contour', 'all': 'all contours'}


def render_report(
    about: dict,
    results: dict,
    metrics: Sequence[BaseMetric],
    dataset: BaseDataset,
    found: dict,
) -> str:
    """Write the page as HTML, with all pictures in it.

    ``about`` says what was evaluated, texts by their name. Results are those of
    ``numbers.format_results``. Curves and examples of the metrics are drawn, and what a
    search of thresholds has ``found``, which may be empty.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template('report.html.j2').render(
        about=dict(
            **about,
            date=datetime.now().astimezone().strftime('%Y-%m-%d %H:%M %Z'),
            versions=_versions(),
        ),
        results=results,
        accuracies=numbers.accuracies(results['metrics']),
        table=partial(numbers.format_rows, style='html'),
        notes=numbers.localization_notes(results),
        bars={row['map']: _shares(row) for row in results['errors']},
        kinds=numbers.ERROR_COLUMNS,
        curves=_curves(metrics, len(dataset), found),
        legend=_data_uri(draw_legend(), 'PNG'),
        galleries={headline(m): _gallery(m, dataset) for m in with_examples(metrics)},
    )


def _versions() -> str:
    packages = mmpretrain, mmengine, mmcv, torch
    versions = [f'{package.__name__} {package.__version__}' for package in packages]
    python = f'Python {platform.python_version()}'
    return ', '.join([f'mmccam {__version__}', *versions, python])


def _shares(row: dict) -> dict[str, float]:
    """What part of the images each kind of a row of errors has, in percent."""
    counts = {title: row[title] for title in numbers.ERROR_COLUMNS if row[title]}
    total = sum(counts.values())
    return {title: 100 * count / total for title, count in counts.items()}


def _curves(
    metrics: Sequence[BaseMetric], num_images: int, found: dict
) -> dict[str, list[str]]:
    """The curves of each map as ``<svg>``, by their heading."""
    groups = {}
    if found:
        heading = 'Box rules on the split {split}, {num_images} images'
        heading = heading.format(**found['provenance'])
        maps, label = numbers.searched_curves(found), 'GT-known in percent'
        groups[heading] = [numbers.draw_svg(curves, label) for curves in maps]
    scored = [metric for metric in metrics if isinstance(metric, MaxBoxAcc)]
    if scored:
        heading, label = 'MaxBoxAcc on the evaluated images', 'right boxes in percent'
        maps = [_max_box_acc_curves(metric, num_images) for metric in scored]
        groups[heading] = [numbers.draw_svg(curves, label) for curves in maps]
    return groups


def _max_box_acc_curves(metric: MaxBoxAcc, num_images: int) -> numbers.Curves:
    accuracies = 100 * metric.correct / num_images
    by_way = {
        CONTOURS[kind]: dict(zip(metric.ious.tolist(), of_kind))
        for kind, of_kind in zip(metric.names, accuracies)
    }
    best = metric.thresholds[accuracies.argmax(axis=-1)].flat
    marks = [*zip(best, accuracies.max(axis=-1).flat)]
    title = f'{metric.prefix}: the best threshold of each'
    return numbers.Curves(title, metric.thresholds, by_way, marks)


def _gallery(metric: LocalizationErrors, dataset: BaseDataset) -> dict[str, list[dict]]:
    """The pictures of a map by their heading."""
    groups = {}
    for name, heading in HEADINGS.items():
        figures = [_figure(outcome, dataset) for outcome in metric.examples[name]]
        if figures or name in ROWS:
            groups[heading if figures else f'{heading}: none'] = figures
    return groups


def _figure(outcome: Outcome, dataset: BaseDataset) -> dict:
    picture = draw_outcome(outcome, dataset, side=SIDE)
    height, width = picture.shape[:2]
    return dict(
        source=_data_uri(picture, 'JPEG', quality=90, subsampling=0),
        width=width,
        height=height,
        text=describe(outcome, dataset),
        image=image_name(outcome.image),
    )


def _data_uri(picture: np.ndarray, file_format: str, **options) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, file_format, **options)
    text = base64.b64encode(data.getvalue()).decode()
    return f'data:image/{file_format.lower()};base64,{text}'
