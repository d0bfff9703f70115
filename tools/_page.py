"""Write the tables of a page of Markdown, between its markers, from result files.

``<!-- methods of results/cub27 -->`` begins a part, and ``<!-- end -->`` ends it. The
folder, below that of the page, has the results. Parts are those of ``PARTS`` and of
``PICTURES``, which are drawn into that folder.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from _claims import format_claims
from _evidence import (
    Rows,
    collect,
    curves_of,
    format_errors,
    format_methods,
    scale_of,
    usual_scale,
)
from _paper import MAPS
from _results import describe_data, read_results, scores_of
from _tables import cells_of, format_table, gather

from mmccam.datasets.files import NUMBER, read_json
from mmccam.registry import kind_of
from mmccam.visualization.numbers import save_curves

MARKER = re.compile(r'^<!-- (?:\w+ of .*|end) -->', re.MULTILINE)
MARKERS = re.compile(r'(<!-- (\w+) of (\S+) -->\n)(.*?)(<!-- end -->\n)', re.DOTALL)
BASELINES = dict(
    about=dict(data=str, split=str, images=NUMBER),
    baselines={str: dict},
)


def fill_page(page: Path) -> str:
    """The text of a page with its tables made again.

    Raises:
        ValueError: If a part is unknown, or its folder has no results.
    """

    def fill(match: re.Match) -> str:
        start, part, folder, _, end = match.groups()
        if part not in PARTS | PICTURES:
            raise ValueError(
                f'{page}, line {page_text.count(chr(10), 0, match.start()) + 1}: there '
                f'is no part {part}, known are {", ".join(PARTS | PICTURES)}'
            )
        if part in PARTS:
            content = PARTS[part](page.parent / folder)
        else:
            text = PICTURES[part](page.parent / folder)
            content = f'![{text}]({folder}/{part}.png)'
        return f'{start}\n{content}\n\n{end}'

    page_text = page.read_text(encoding='utf-8')
    number = len(MARKERS.findall(page_text))
    if not number or len(MARKER.findall(page_text)) != 2 * number:
        raise ValueError(
            f'{page} has {"wrong" if number else "no"} markers: each part needs one '
            'such as <!-- methods of results/cub27 --> in a line, and <!-- end --> in '
            'another'
        )
    return MARKERS.sub(fill, page_text)


def read_folder(folder: Path) -> tuple[list[dict], list[dict]]:
    """The results of a folder, those with few maps first, and the baselines."""
    files = sorted(folder.glob('*.json'))
    if not files:
        raise ValueError(f'{folder} has no .json files, results of test.py')
    scored = [file for file in files if 'baselines' in read_json(file, dict)]
    others = [file for file in files if file not in scored]
    results = [result for result, _ in read_results(others)]
    # A network that is evaluated once more, for other maps, has the same CAM there.
    results.sort(key=lambda one: (len(one['maps']['cams']), _order(one)))
    return results, [read_json(file, BASELINES) for file in scored]


def _order(result: dict) -> tuple[str, str]:
    about = result['about']
    return about['config'], f'{about.get("seed")} {about["checkpoint"]}'


def rows_of_folder(folder: Path) -> tuple[Rows, dict[str, dict]]:
    """Runs by network and map, and the baselines of the only data set."""
    results, scored = read_folder(folder)
    places = {describe_data(one['about']) for one in [*results, *scored]}
    if len(places) > 1:
        raise ValueError(
            f'the results of {folder} are of several data sets, each needs a folder of '
            f'its own: {"; ".join(sorted(places))}'
        )
    return collect(results), scored[0]['baselines'] if scored else {}


def without_gradients(results: list[dict]) -> list[dict]:
    """The results of class maps alone."""
    return [one for one in results if kind_of(one['model']) != 'SaliencyClassifier']


def format_paper(folder: Path) -> str:
    """Tables 1 to 7; a Table 6 for each network with more functions than two.

    They are of the usual size of the test images, and without maps by gradients. What
    they omit is said below them.
    """
    results, scored = read_folder(folder)
    usual = usual_scale(results)
    results = without_gradients(results)
    others = sorted({scale_of(one) for one in results} - {usual})
    results = [one for one in results if scale_of(one) == usual]
    found = gather(score for one in results for score in scores_of(one, str(folder)))
    texts = []
    for (number, protocol), cells in found.items():
        if number == 6 and protocol and len({row for row, _ in cells}) < 3:
            continue
        text = format_table(number, protocol, cells_of(number, cells), '.md')
        if number > 2:  # localization
            text += _baseline_note(protocol, scored)
        texts.append(f'**Table {number}**{text.removeprefix(f"Table {number}")}')
    if others:
        texts.append(f'Tables 1 to 7 omit results of images of {", ".join(others)}.')
    return '\n\n'.join(texts)


def _baseline_note(protocol: tuple[str, ...], scored: Iterable[dict]) -> str:
    """The errors of the baselines of the same images, with known class."""
    boxes = [
        f'{name} {100 - box["gt_known_loc"]:.2f}'
        for one in scored
        if describe_data(one['about']) in protocol
        for name, box in one['baselines'].items()
        if 'gt_known_loc' in box
    ]
    return f' Baselines, GT-known: {", ".join(boxes)}.' if boxes else ''


def format_functions(folder: Path) -> str:
    """All combination functions of the networks that were evaluated with several."""
    results, scored = read_folder(folder)
    results = without_gradients(results)
    results = [one for one in results if len(one['maps']['cams']) > len(MAPS)]
    if not results:
        raise ValueError(f'no result of {folder} has more than two maps')
    rows = collect(results, all_functions=True)
    classes = {f'{one["model"]["head"]["num_classes"]}' for one in results}
    table = format_methods(rows, scored[0]['baselines'] if scored else {})
    return f'{table} Of {", ".join(sorted(classes))} classes.'


def draw_curves(folder: Path) -> str:
    """Draw the curves of MaxBoxAcc to a picture in the folder, and say what it is."""
    curves = curves_of(rows_of_folder(folder)[0])
    if not curves:
        raise ValueError(f'the results of {folder} have no curves: evaluate them again')
    label = 'Right boxes in percent'
    save_curves(curves, folder / 'curves.png', ylabel=label)
    return f'{label} against the threshold of MaxBoxAcc, IoU 0.5'


def copy_texts(folder: Path) -> str:
    """The tables in Markdown of a folder, which a tool has written."""
    texts = [file.read_text(encoding='utf-8') for file in sorted(folder.glob('*.md'))]
    if not texts:
        raise ValueError(f'{folder} has no .md files')
    return '\n'.join(texts).rstrip()


PARTS = dict(
    tables=format_paper,
    methods=lambda folder: format_methods(*rows_of_folder(folder)),
    functions=format_functions,
    errors=lambda folder: format_errors(*rows_of_folder(folder)),
    claims=lambda folder: format_claims(*rows_of_folder(folder)),
    texts=copy_texts,
)
PICTURES = dict(curves=draw_curves)
