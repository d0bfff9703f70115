"""Tables of all methods beside those of the paper: numbers, and kinds of failure."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Optional

import numpy as np
from _paper import BLOCKS, CAM, CCAM
from _results import describe_boxes, describe_epochs, function_of, network_of
from tabulate import tabulate

from mmccam.registry import kind_of
from mmccam.visualization.numbers import ERROR_COLUMNS, LOCALIZATION_COLUMNS, Curves

COLUMNS = ('Top-1', 'Top-5', 'GT-known', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP')
COLUMNS = {title: LOCALIZATION_COLUMNS[title] for title in COLUMNS}


class Run(NamedTuple):
    """The numbers of a map in one result.

    Args:
        metrics: Values by their names, without a prefix; ``top1`` is the network's.
        hits: Whether the box of each image is right, (N,), None in older results.
        curve: Right boxes in percent by threshold, of MaxBoxAcc, if it was measured.
        base: Name of the same network without blocks or method, if there is such.
        checkpoint: The network.
        protocol: What all runs of a row have in common, in words.
    """

    metrics: dict[str, float]
    hits: Optional[np.ndarray]
    curve: dict[str, list]
    base: str
    checkpoint: str
    protocol: str


Rows = dict[tuple[str, str], dict[str, Run]]


def collect(results: Iterable[dict], all_functions: bool = False) -> Rows:
    """Sort runs by network and map, then by seed.

    Of several results of one checkpoint the first counts.

    Maps are CAM, the paper's CCAM, and what is no combination of class maps; or instead
    those of all combination functions by their names. Networks are named with the size
    of their test images where it is not the usual one.

    Raises:
        ValueError: If results of a row have another protocol, or if two checkpoints
            have the same seed.
    """
    rows, results = defaultdict(dict), [*results]
    usual = usual_scale(results)
    for result in results:
        about, network = result['about'], network_of(result)
        scale = scale_of(result)
        place = '' if scale == usual else f' at {scale}'
        family = f'{network.family}{place}'
        name = f'{family}, {network.place or network.name}'
        base = '' if result['model'].get('neck') else f'{family}, {BLOCKS[()]}'
        seed = about.get('seed')
        run = about['checkpoint'] if seed is None else f'seed {seed}'
        for prefix in dict.fromkeys(
            key.rpartition('/')[0] for key in result['metrics']
        ):
            title = _title_of(prefix, result, all_functions)
            if title:
                runs, own = rows[name, title], _run_of(prefix, result, base)
                _check_row(f'{name}, {title}', runs, own, run)
                runs.setdefault(run, own)
    return dict(rows if all_functions else sorted(rows.items()))


def _title_of(prefix: str, result: dict, all_functions: bool) -> str:
    """The name of a map in the tables, or nothing if it is in none."""
    map_name = result['boxes'].get(prefix, {}).get('map_name', prefix)
    if map_name not in result['maps']['cams']:
        return ''
    cfg = result['maps']['cams'][map_name]
    function = function_of(map_name, cfg)
    titles = {CAM: 'CAM', CCAM[_data_of(result)]: 'CCAM'}
    is_combination = kind_of(cfg) in ('TopBottom', 'Polynomial', 'AboveMean')
    if all_functions:
        return function if is_combination else ''
    return titles.get(function, '' if is_combination else map_name)


def _data_of(result: dict) -> str:
    large, small = CCAM
    return large if result['model']['head']['num_classes'] == 1000 else small


def usual_scale(results: list[dict]) -> str:
    """The most frequent size of the test images; of no results an empty text."""
    return statistics.mode(map(scale_of, results)) if results else ''


def scale_of(result: dict) -> str:
    """The size of the test images, "112 × 112" pixels."""
    scales = [step['scale'] for step in result['maps']['pipeline'] if 'scale' in step]
    return ', '.join(' × '.join(map(str, np.atleast_1d(scale))) for scale in scales)


def _run_of(prefix: str, result: dict, base: str) -> Run:
    start, metrics = f'{prefix}/', result['metrics']
    own = {k.removeprefix(start): v for k, v in metrics.items() if k.startswith(start)}
    hits = result['images']['hits'].get(prefix)
    top1 = metrics.get('accuracy/top1')
    curve = result.get('curves', {}).get(prefix, {})
    if curve:
        right = 100 * np.array(curve['right']) / result['about']['images']
        curve = dict(curve, right=right)
    about, box = result['about'], result['boxes'].get(prefix)
    protocol = describe_epochs(about)
    if box:
        protocol += f'; {describe_boxes(prefix, box, result["provenance"])}'
    return Run(
        {**own, 'top1': top1},
        None if hits is None else np.array([*map(int, hits)]),
        curve,
        base,
        about['checkpoint'],
        protocol,
    )


def _check_row(row: str, runs: dict[str, Run], own: Run, run: str) -> None:
    """Raise a ValueError if a run cannot stand in a row with the others."""
    for other in runs.values():
        if own.protocol != other.protocol:
            raise ValueError(
                f'"{row}" has results of {own.checkpoint}, {own.protocol}, and of '
                f'{other.checkpoint}, {other.protocol}: omit one'
            )
    if run in runs and own.checkpoint != runs[run].checkpoint:
        raise ValueError(
            f'"{row}" has two networks with {run}, {own.checkpoint} and '
            f'{runs[run].checkpoint}: omit one'
        )


def _summary(runs: Iterable[Run], name: str, digits: int = 1) -> str:
    """Mean and, of several runs, standard deviation of a number."""
    values = [run.metrics.get(name) for run in runs]
    if None in values:
        return ''
    spread = f' ± {np.std(values, ddof=1):.{digits}f}' if len(values) > 1 else ''
    return f'{np.mean(values):.{digits}f}{spread}'


def format_rows(rows: list[list[str]], headers: list[str]) -> str:
    """A table in Markdown without the columns that are empty, numbers to the right."""
    kept = [n for n in range(len(headers)) if any(row[n] for row in rows)]
    cells = [[row[n] for n in kept] for row in rows]
    titles = [headers[n] for n in kept]
    sides = ['left' if title in ('network', 'map') else 'right' for title in titles]
    return tabulate(cells, titles, 'pipe', disable_numparse=True, colalign=sides)


def format_methods(rows: Rows, baselines: dict[str, dict]) -> str:
    """All networks and maps, and the baselines, which have no classes."""
    headers = ['network', 'map', 'runs', 'classification', *COLUMNS]
    names = ['top1', *COLUMNS.values()]
    table = [
        [*key, f'{len(runs)}', *(_summary(runs.values(), name) for name in names)]
        for key, runs in rows.items()
    ]
    for title, box in baselines.items():
        values = [f'{box[name]:.1f}' if name in box else '' for name in names]
        table.append([title, '', '', *values])
    text = 'Accuracies in percent, mean ± standard deviation over the runs.'
    for title, box in baselines.items():
        if 'side' in box:
            text += f' The {title} has {box["side"]} % of each side, as `val` chose; '
            text += 'MaxBoxAcc and MaxBoxAccV2 choose on the evaluated images.'
    return f'{format_rows(table, headers)}\n\n{text}'


def format_errors(rows: Rows, baselines: dict[str, dict]) -> str:
    """The kinds of failure of each network and map, in numbers of images."""
    names = ERROR_COLUMNS.values()
    table = [
        [*key, *(_summary(runs.values(), name, 0) for name in names)]
        for key, runs in rows.items()
        if all('right' in run.metrics for run in runs.values())
    ]
    text = 'Numbers of images, mean ± standard deviation over the runs.'
    return f'{format_rows(table, ["network", "map", *ERROR_COLUMNS])}\n\n{text}'


def curves_of(rows: Rows) -> list[Curves]:
    """A panel for each network: right boxes of its maps against the threshold."""
    panels = {}
    for (network, name), runs in rows.items():
        curves = [run.curve for run in runs.values()]
        if all(curves):
            right = np.mean([curve['right'] for curve in curves], axis=0)
            panel = Curves(network, curves[0]['thresholds'], {}, [])
            panel = panels.setdefault(network, panel)
            panel.accuracies[name] = {0.5: right}
    return [*panels.values()]
