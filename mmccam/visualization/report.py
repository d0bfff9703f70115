"""A page of a whole evaluation: one HTML file that needs nothing else."""

import base64
import io
import platform
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import mmcv
import mmengine
import mmpretrain
import numpy as np
import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from PIL import Image

from ..evaluation import LocalizationErrors, MaxBoxAcc
from ..evaluation.failures import ERRORS
from ..version import __version__
from .curves import draw_svg, searched_curves
from .overlay import draw_legend
from .sheet import ROWS, SIDE, describe, draw_outcome
from .tables import ERROR_COLUMNS, format_rows, localization_notes

WORST_OF_KIND = {kind: f'Lowest overlap: {kind.replace("_", " ")}' for kind in ERRORS}
CONTOURS = {'largest': 'largest contour', 'all': 'all contours'}


def render_report(
    about: dict,
    results: dict,
    metrics: Sequence[BaseMetric],
    dataset: BaseDataset,
    found: dict,
) -> str:
    """Write the page.

    Args:
        about: What was evaluated, by its name.
        results: As :func:`mmccam.visualization.tables.format_results` takes them.
        metrics: Metrics after the evaluation, whose curves and examples are drawn.
        dataset: Data set that was evaluated.
        found: Found thresholds, as
            :func:`mmccam.evaluation.thresholds.describe_search` puts them together,
            or nothing.

    Returns:
        HTML, with all pictures in it.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    versions = dict(
        mmccam=__version__,
        mmpretrain=mmpretrain.__version__,
        mmengine=mmengine.__version__,
        mmcv=mmcv.__version__,
        torch=torch.__version__,
        Python=platform.python_version(),
    )
    about = {
        **about,
        'images': len(dataset),
        'date': datetime.now().astimezone().strftime('%Y-%m-%d %H:%M %Z'),
        'versions': ', '.join(f'{name} {value}' for name, value in versions.items()),
    }
    return environment.get_template('report.html.j2').render(
        about=about,
        accuracies={
            name.partition('/')[2]: value
            for name, value in results['metrics'].items()
            if name.startswith('accuracy/')
        },
        localization=_table(results['localization']),
        notes=localization_notes(results),
        errors=_table(results['errors']),
        bars=[_bar(row) for row in results['errors']],
        kinds={title: kind for title, kind in ERROR_COLUMNS.items()},
        curves=_curves(metrics, len(dataset), found),
        legend=_data_uri(draw_legend(), 'PNG'),
        galleries=[
            _gallery(metric, dataset)
            for metric in metrics
            if isinstance(metric, LocalizationErrors)
        ],
    )


def _table(rows: list[dict]) -> Markup:
    # tabulate escapes what is in the cells.
    return Markup(format_rows(rows, 'html')) if rows else Markup()


def _bar(row: dict) -> dict:
    """The parts of a row of errors, in percent of its images."""
    total = sum(row[title] for title in ERROR_COLUMNS)
    parts = {title: 100 * row[title] / total for title in ERROR_COLUMNS if row[title]}
    return dict(map=row['map'], parts=parts)


def _curves(
    metrics: Sequence[BaseMetric], num_images: int, found: dict
) -> dict[str, list[Markup]]:
    """Curves of each map by their heading."""
    groups = {}
    if found:
        source = found['provenance']
        heading = (
            f'Box rules on the split {source["split"]}, {source["num_images"]} images'
        )
        groups[heading] = [
            Markup(draw_svg(**curves, ylabel='GT-known in percent'))
            for curves in searched_curves(found)
        ]
    scored = [metric for metric in metrics if isinstance(metric, MaxBoxAcc)]
    if scored:
        groups['MaxBoxAcc on the evaluated images'] = [
            _max_box_acc_curves(metric, num_images) for metric in scored
        ]
    return groups


def _max_box_acc_curves(metric: MaxBoxAcc, num_images: int) -> Markup:
    accuracies = 100 * metric.correct / num_images
    best = accuracies.argmax(axis=-1)
    marks = [
        (metric.thresholds[place], accuracies[index][place])
        for index, place in np.ndenumerate(best)
    ]
    curves = {
        CONTOURS[kind]: dict(zip(metric.ious.tolist(), of_kind))
        for kind, of_kind in zip(metric.names, accuracies)
    }
    title = f'{metric.prefix}: the best threshold of each'
    return Markup(
        draw_svg(title, metric.thresholds, curves, marks, 'right boxes in percent')
    )


def _gallery(metric: LocalizationErrors, dataset: BaseDataset) -> dict:
    """The pictures of a map, by heading."""
    groups = {}
    for name, heading in (ROWS | WORST_OF_KIND).items():
        pictures = []
        for outcome in metric.examples[name]:
            picture = draw_outcome(outcome, dataset, side=SIDE)
            height, width = picture.shape[:2]
            image = outcome.image
            path = Path(image.get('img_path', str(image.get('sample_idx'))))
            pictures.append(
                dict(
                    source=_data_uri(picture, 'JPEG', quality=90, subsampling=0),
                    width=width,
                    height=height,
                    text=describe(outcome, dataset),
                    image='/'.join(path.parts[-2:]),
                )
            )
        if pictures or name in ROWS:
            groups[heading] = pictures
    rule = metric.box_rule
    return dict(
        title=f'{metric.prefix}: box rule {rule.name} at {rule.threshold:.2f}, '
        f'right from IoU {metric.iou:g}',
        groups=groups,
    )


def _data_uri(picture: np.ndarray, file_format: str, **options) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, file_format, **options)
    text = base64.b64encode(data.getvalue()).decode()
    return f'data:image/{file_format.lower()};base64,{text}'
