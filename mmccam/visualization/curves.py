"""Draw the accuracy of boxes against the threshold."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Union

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Of Okabe and Ito: colour-blind readers can tell them apart.
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7')
STYLES = ('-', '--', ':', '-.')


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

    def plot(self, panel: Axes) -> None:
        for style, (way, by_iou) in zip(cycle(STYLES), self.accuracies.items()):
            for colour, (iou, values) in zip(cycle(COLOURS), by_iou.items()):
                label = f'{way}, IoU {iou}'
                panel.plot(self.thresholds, values, style, color=colour, label=label)
        for mark in self.marks:
            panel.plot(*mark, 'ko', markersize=5)
        panel.set_title(self.title)
        panel.grid(alpha=0.3)


def searched_curves(found: dict) -> list[Curves]:
    """The GT-known accuracy of each map, with the best threshold marked."""
    maps = []
    for name, accuracies in found['curves']['gt_known_loc'].items():
        best = found['thresholds'][name][0]
        title = f'{name}: {best["box_rule"]} at {best["threshold"]:.2f}'
        marks = [(best['threshold'], best['gt_known_loc'])]
        maps.append(Curves(title, found['curves']['thresholds'], accuracies, marks))
    return maps


def save_threshold_curves(found: dict, path: Union[str, Path], title: str = '') -> None:
    """Save the curves of found thresholds as a picture, a panel for each map."""
    maps = searched_curves(found)
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(1 + 4 * columns, 1.2 + 3.2 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel, curves in zip(axes.flat, maps):
        curves.plot(panel)
    for panel in axes.flat[len(maps) :]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel('threshold')
    figure.supylabel('GT-known accuracy in percent')
    figure.suptitle(title)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    columns = len(maps[0].accuracies)
    figure.legend(handles, labels, loc='outside lower center', ncols=columns)
    figure.savefig(path, dpi=110)


def draw_svg(curves: Curves, ylabel: str) -> str:
    """Draw the curves of one map as an ``<svg>`` element, about 420 pixels wide."""
    figure = Figure(figsize=(4.4, 4), layout='constrained')
    panel = figure.subplots()
    curves.plot(panel)
    panel.set(xlabel='threshold', ylabel=ylabel)
    columns = len(curves.accuracies)
    figure.legend(loc='outside lower center', ncols=columns, fontsize='small')
    text = io.StringIO()
    # Text stays text, and ids are the same each time.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmccam'}):
        figure.savefig(text, format='svg', metadata=dict(Date=None))
    return text.getvalue()[text.getvalue().index('<svg') :]
