"""The numbers of an evaluation: as tables, and as curves over the threshold."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Union

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tabulate import tabulate

from ..evaluation.metric import ERRORS
from ..whole_files import whole_file

# Names of metrics by the title of their column, in the order of the paper's tables.
LOCALIZATION_COLUMNS = {
    'box rule': 'box_rule',
    'threshold': 'threshold',
    'chosen on': 'chosen_on',
    'Top-1': 'top1_loc',
    'Top-5': 'top5_loc',
    'GT-known': 'gt_known_loc',
    'MaxBoxAcc': 'max_box_acc_50',
    'MaxBoxAccV2': 'max_box_acc_v2',
    'PxAP': 'px_ap',
}
ERROR_COLUMNS = {kind.replace('_', ' '): kind for kind in ('right', *ERRORS)}

# Of Okabe and Ito: colour-blind readers can tell them apart.
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7')
STYLES = ('-', '--', ':', '-.')


def metric_rows(metrics: Mapping, columns: Mapping[str, str]) -> list[dict]:
    """Sort metrics, by ``<prefix>/<name>``, into a row for each prefix, the ``map``.

    Columns are the names of some metrics by title, and a row has their values. Prefixes
    with none of them have no row.
    """
    rows: dict[str, dict] = {}
    for key, value in metrics.items():
        prefix, _, name = key.rpartition('/')
        if name in columns.values():
            rows.setdefault(prefix, {})[name] = value
    return [
        {'map': prefix}
        | {title: row[name] for title, name in columns.items() if name in row}
        for prefix, row in rows.items()
    ]


def format_rows(rows: list[dict], style: str = 'simple') -> str:
    """Write rows, values by title, as a table in a style of tabulate."""
    titles = dict.fromkeys(title for row in rows for title in row)
    formats = ['.2f' if title == 'threshold' else '.1f' for title in titles]
    return tabulate(rows, 'keys', tablefmt=style, floatfmt=formats)


def accuracies(metrics: Mapping) -> dict[str, float]:
    """The accuracies of the classes by their names, such as ``top1``."""
    start = 'accuracy/'
    found = {key: value for key, value in metrics.items() if key.startswith(start)}
    return {key.removeprefix(start): value for key, value in found.items()}


def further_numbers(metrics: Mapping) -> str:
    """The metrics that no table of an evaluation has, in one line.

    Counts of maps that are constant, NaN or infinite are left to the warning of them.
    """
    tables = {*LOCALIZATION_COLUMNS.values(), *ERROR_COLUMNS.values()}
    found = [
        f'{key} {value:.1f}' if isinstance(value, float) else f'{key} {value}'
        for key, value in metrics.items()
        if key.rpartition('/')[2] not in tables and not key.startswith('accuracy/')
        if not key.endswith('_degenerate_maps')
    ]
    return ', '.join(found)


def localization_notes(results: dict) -> str:
    """What a reader of the table of localization must know."""
    rows, source = results['localization'], results['provenance']
    notes = ['Localization in percent.']
    if source:
        notes.append(
            f'Thresholds of the split {source["split"]} were chosen on its '
            f'{source["num_images"]} images.'
        )
        if source.get('chosen'):  # files of earlier versions have none
            notes.append(describe_choice(source))
    if any('MaxBoxAcc' in row or 'MaxBoxAccV2' in row for row in rows):
        notes.append(
            'MaxBoxAcc (IoU 0.5) and MaxBoxAccV2 use the threshold that is best '
            'for the evaluated images themselves. They make boxes in another way, '
            'so that GT-known may lie above them.'
        )
    return ' '.join(notes)


def describe_choice(source: dict) -> str:
    """Say which combination function a search chose, of the provenance of its file."""
    chosen = source['chosen']
    return (
        f'Of {len(chosen["of"])} combination functions, {chosen["map"]} was chosen '
        f'there, with {chosen["box_rule"]} at {chosen["threshold"]:.2f}.'
    )


def format_results(results: dict, markdown: bool = False) -> str:
    """Write all tables of an evaluation, as text or Markdown, with notes.

    Results are ``metrics``, values by ``<prefix>/<name>``; ``localization`` and
    ``errors``, rows; and ``provenance``, that of searched thresholds or None.
    """
    top = accuracies(results['metrics'])
    parts = [f'accuracy/{name}: {value:.1f}' for name, value in top.items()]
    style = 'github' if markdown else 'simple'
    if results['localization']:
        parts += [format_rows(results['localization'], style)]
        parts += [localization_notes(results)]
    if results['errors']:
        parts += [format_rows(results['errors'], style), 'Numbers of images.']
    return '\n\n'.join(parts)


@dataclass(frozen=True)
class Curves:
    """The curves of one map: a colour for each IoU, a line style for each way to a box.

    At T thresholds, accuracies in percent by the way to a box and by IoU; marked are
    points of threshold and accuracy.
    """

    title: str
    thresholds: Sequence[float]
    accuracies: dict[str, dict]
    marks: Sequence[tuple[float, float]]
    xlabel: str = 'threshold'

    def plot(self, panel: Axes, ways: Sequence[str]) -> None:
        """Plot them, with line styles in the order of the ways of all panels."""
        styles = dict(zip(ways, cycle(STYLES)))
        for way, by_iou in self.accuracies.items():
            for colour, (iou, values) in zip(cycle(COLOURS), by_iou.items()):
                label = f'{way}, IoU {iou}'
                panel.plot(
                    self.thresholds, values, styles[way], color=colour, label=label
                )
        for mark in self.marks:
            panel.plot(*mark, 'ko', markersize=5)
        panel.set(title=self.title, xlabel=self.xlabel)
        panel.grid(alpha=0.3)


def searched_curves(found: dict) -> list[Curves]:
    """The GT-known accuracy of each map, with the best threshold marked.

    Box rules with their own thresholds have a panel of their own.
    """
    panels, grids = [], found['curves'].get('grids', {})
    for name, accuracies in found['curves']['gt_known_loc'].items():
        groups = {}
        for rule, by_iou in accuracies.items():
            grid = tuple(grids.get(rule, found['curves']['thresholds']))
            groups.setdefault(grid, {})[rule] = by_iou
        for grid, by_rule in groups.items():
            rules = found['thresholds'][name]
            best = next(rule for rule in rules if rule['box_rule'] in by_rule)
            title = f'{name}: {best["box_rule"]} at {best["threshold"]:.2f}'
            marks = [(best['threshold'], best['gt_known_loc'])]
            panels.append(Curves(title, grid, by_rule, marks))
    return panels


def save_threshold_curves(found: dict, path: Union[str, Path], title: str = '') -> None:
    """Save the curves of found thresholds as a picture, a panel for each of them."""
    save_curves(searched_curves(found), path, title)


def save_curves(
    maps: Sequence[Curves],
    path: Union[str, Path],
    title: str = '',
    ylabel: str = 'GT-known accuracy in percent',
) -> None:
    """Save curves as a picture, a panel for each."""
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(1 + 4 * columns, 1.2 + 3.2 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    ways = list(dict.fromkeys(way for curves in maps for way in curves.accuracies))
    entries = {}
    for panel, curves in zip(axes.flat, maps):
        curves.plot(panel, ways)
        lines, labels = panel.get_legend_handles_labels()
        entries.update(zip(labels, lines))
    for panel in axes.flat[len(maps) :]:
        panel.set_axis_off()
    figure.supylabel(ylabel)
    figure.suptitle(title)
    legend = (list(entries.values()), list(entries))
    figure.legend(*legend, loc='outside lower center', ncols=len(ways))
    with whole_file(path) as file:
        figure.savefig(file, format=Path(path).suffix[1:], dpi=110)


def draw_svg(curves: Curves, ylabel: str) -> str:
    """Draw the curves of one map as an ``<svg>`` element, about 420 pixels wide."""
    figure = Figure(figsize=(4.4, 4), layout='constrained')
    panel = figure.subplots()
    curves.plot(panel, list(curves.accuracies))
    panel.set_ylabel(ylabel)
    columns = len(curves.accuracies)
    figure.legend(loc='outside lower center', ncols=columns, fontsize='small')
    text = io.StringIO()
    # Text stays text, and ids are the same each time.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmccam'}):
        figure.savefig(text, format='svg', metadata=dict(Date=None))
    return text.getvalue()[text.getvalue().index('<svg') :]
