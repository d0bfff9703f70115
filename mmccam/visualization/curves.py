"""Draw the accuracy of boxes against the threshold."""

from itertools import cycle
from pathlib import Path
from typing import Union

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
            :func:`mmccam.evaluation.threshold_file.describe_search` puts them together.
        path: File to write, ``.png`` or another format of matplotlib.
        title: Title of the whole picture.
    """
    thresholds = found['curves']['thresholds']
    maps = found['curves']['gt_known_loc']
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(1 + 4 * columns, 1.2 + 3.2 * rows), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel, (name, curves) in zip(axes.flat, maps.items()):
        best = found['thresholds'][name][0]
        for style, (rule, by_iou) in zip(cycle(STYLES), curves.items()):
            for colour, (iou, accuracies) in zip(cycle(COLOURS), by_iou.items()):
                panel.plot(
                    thresholds,
                    accuracies,
                    style,
                    color=colour,
                    label=f'{rule}, IoU {iou}',
                )
        panel.plot(best['threshold'], best['gt_known_loc'], 'ko', markersize=5)
        panel.set_title(f'{name}: {best["box_rule"]} at {best["threshold"]:.2f}')
        panel.grid(alpha=0.3)
    for panel in axes.flat[len(maps) :]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel('threshold')
    figure.supylabel('GT-known accuracy in percent')
    figure.suptitle(title)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=len(curves))
    figure.savefig(path, dpi=110)
