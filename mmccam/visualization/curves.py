"""Draw the accuracy of boxes against the threshold."""

import io
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Union

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Of Okabe and Ito, told apart by colour-blind readers too.
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7')
STYLES = ('-', '--', ':', '-.')


def save_threshold_curves(found: dict, path: Union[str, Path], title: str = '') -> None:
    """Save a picture with one panel a map: GT-known accuracy against threshold.

    A colour for each IoU, a line style for each box rule; the chosen threshold is
    marked.

    Args:
        found: Found thresholds, as
            :func:`mmccam.evaluation.thresholds.describe_search` puts them together.
        path: File to write, ``.png`` or another format of matplotlib.
        title: Title of the whole picture.
    """
    maps = searched_curves(found)
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(1 + 4 * columns, 1.2 + 3.2 * rows), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel, curves in zip(axes.flat, maps):
        _plot(panel, **curves)
    for panel in axes.flat[len(maps) :]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel('threshold')
    figure.supylabel('GT-known accuracy in percent')
    figure.suptitle(title)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    columns = len(maps[0]['curves'])
    figure.legend(handles, labels, loc='outside lower center', ncols=columns)
    figure.savefig(path, dpi=110)


def searched_curves(found: dict) -> list[dict]:
    """The curves of each map that was searched, as :func:`draw_svg` takes them."""
    maps = []
    for name, curves in found['curves']['gt_known_loc'].items():
        best = found['thresholds'][name][0]
        maps.append(
            dict(
                title=f'{name}: {best["box_rule"]} at {best["threshold"]:.2f}',
                thresholds=found['curves']['thresholds'],
                curves=curves,
                marks=[(best['threshold'], best['gt_known_loc'])],
            )
        )
    return maps


def draw_svg(
    title: str,
    thresholds: Sequence[float],
    curves: dict,
    marks: Sequence[tuple[float, float]],
    ylabel: str,
) -> str:
    """Draw the curves of one map as an ``<svg>`` element, about 420 pixels wide.

    Args:
        title: Title.
        thresholds: Thresholds, (T,).
        curves: Accuracies in percent, (T,), by the way to a box and IoU.
        marks: Points of threshold and accuracy to mark.
        ylabel: What the accuracies are.
    """
    figure = Figure(figsize=(4.4, 4), layout='constrained')
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    _plot(panel, title, thresholds, curves, marks)
    panel.set(xlabel='threshold', ylabel=ylabel)
    figure.legend(loc='outside lower center', ncols=len(curves), fontsize='small')
    text = io.StringIO()
    # Texts that can be read, searched and measured; the same names at each time.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmccam'}):
        figure.savefig(text, format='svg', metadata=dict(Date=None))
    return text.getvalue()[text.getvalue().index('<svg') :]


def _plot(
    panel: Axes,
    title: str,
    thresholds: Sequence[float],
    curves: dict,
    marks: Sequence[tuple[float, float]],
) -> None:
    for style, (way, by_iou) in zip(cycle(STYLES), curves.items()):
        for colour, (iou, accuracies) in zip(cycle(COLOURS), by_iou.items()):
            label = f'{way}, IoU {iou}'
            panel.plot(thresholds, accuracies, style, color=colour, label=label)
    for mark in marks:
        panel.plot(*mark, 'ko', markersize=5)
    panel.set_title(title)
    panel.grid(alpha=0.3)
