"""Results as tables: a row for each map, a column for each metric."""

from collections.abc import Mapping

from tabulate import tabulate

from ..evaluation.metric import ERRORS

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
    titles = list(dict.fromkeys(title for row in rows for title in row))
    formats = ['.2f' if title == 'threshold' else '.1f' for title in titles]
    return tabulate(
        [[row.get(title, '') for title in titles] for row in rows],
        headers=titles,
        tablefmt=style,
        floatfmt=formats,
    )


def accuracies(metrics: Mapping) -> dict[str, float]:
    """The accuracies of the classes by their names, such as ``top1``."""
    start = 'accuracy/'
    found = {key: value for key, value in metrics.items() if key.startswith(start)}
    return {key.removeprefix(start): value for key, value in found.items()}


def localization_notes(results: dict) -> str:
    """What a reader of the table of localization must know."""
    rows, source = results['localization'], results['provenance']
    notes = ['Localization in percent.']
    if source:
        notes.append(
            f'Thresholds of the split {source["split"]} were chosen on its '
            f'{source["num_images"]} images.'
        )
    if any('MaxBoxAcc' in row or 'MaxBoxAccV2' in row for row in rows):
        notes.append(
            'MaxBoxAcc (IoU 0.5) and MaxBoxAccV2 use the threshold that is best '
            'for the evaluated images themselves. They make boxes in another way, '
            'so that GT-known may lie above them.'
        )
    return ' '.join(notes)


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
