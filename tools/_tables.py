"""Tables 1-7 of the NL-CCAM paper from results, as text, Markdown, LaTeX or CSV."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from _paper import DATA, STYLES, TABLES
from _results import Score
from tabulate import LATEX_ESCAPE_RULES, tabulate


def gather(scores: Iterable[Score]) -> dict[tuple, dict]:
    """Sort errors by table and protocol, then row and column, then run.

    A run counts once: of several results of one checkpoint the first one.

    Raises:
        ValueError: If two checkpoints of the same seed have different results.
    """
    tables = defaultdict(lambda: defaultdict(dict))
    for score in scores:
        runs = tables[score.table, score.protocol][score.row, score.column]
        first = runs.setdefault(score.run, score)
        if first.error != score.error and first.checkpoint != score.checkpoint:
            raise ValueError(
                f'{first.file} and {score.file} have different errors, '
                f'{first.error:.2f} and {score.error:.2f}, for {score.column} of '
                f'"{score.row}" in Table {score.table} with {score.run}: omit one'
            )
    for number in TABLES:
        if number not in (table for table, _ in tables):
            tables[number, ()] = {}
    return dict(sorted(tables.items()))


class Cell(NamedTuple):
    """A cell: the number that is printed in the paper, and ours of N runs."""

    row: str
    column: str
    paper: str
    mean: str
    deviation: str
    runs: int

    @property
    def ours(self) -> str:
        spread = f' ± {self.deviation}' if self.deviation else ''
        return f'{self.mean}{spread} ({self.runs})' if self.runs else ''


def cells_of(number: int, found: dict) -> list[Cell]:
    """The cells of a table row by row, those of other networks behind the paper's."""
    table, cells = TABLES[number], []
    others = dict.fromkeys(row for row, _ in found if row not in table.rows)
    empty = dict.fromkeys(others, ('',) * len(table.columns))
    chosen = defaultdict(set)
    for (row, _), scores in found.items():
        chosen[row] |= {score.chosen for score in scores.values()} - {''}
    for row, printed in {**table.rows, **empty}.items():
        title = ': '.join(filter(None, [row, ', '.join(sorted(chosen[row]))]))
        for column, paper in zip(table.columns, printed):
            errors = [score.error for score in found.get((row, column), {}).values()]
            mean = f'{np.mean(errors):.2f}' if errors else ''
            spread = f'{np.std(errors, ddof=1):.2f}' if len(errors) > 1 else ''
            cells.append(Cell(title, column, paper, mean, spread, len(errors)))
    return cells


def caption_of(number: int, protocol: tuple[str, ...]) -> str:
    """Title, data set and protocol of ours, and on what data the paper's are."""
    table, text = TABLES[number], '; '.join(protocol) or 'no result was given'
    caption = f'Table {number}. {table.title}, in percent. Ours: {text}.'
    if table.data:
        kind, split, images = DATA[table.data]
        caption += f" The paper's: {table.data}, {images} images"
        end, place = f', split {split}, {images} images', ''.join(protocol[:1])
        if place and not (place.startswith(f'{kind},') and place.endswith(end)):
            caption += '. These are other data: the two are not to be compared'
        caption += '.'
    return caption


def notes_of(protocol: tuple[str, ...], cells: list[Cell]) -> str:
    """What a reader must know: what the numbers are, and what is missing."""
    notes = []
    if protocol:
        notes.append('Ours are mean ± standard deviation (number of runs).')
    for who, values in {
        'our results': [cell.mean for cell in cells],
        "the paper's numbers, not printed or not at hand": [c.paper for c in cells],
    }.items():
        if missing := values.count(''):
            notes.append(f'Missing are {missing} of {len(values)} of {who}.')
    return ' '.join(notes)


def format_table(number: int, protocol: tuple, cells: list[Cell], suffix: str) -> str:
    """Write a table with its caption and notes as text, Markdown or LaTeX."""
    columns = TABLES[number].columns
    headers = [f'{column}, {who}' for column in columns for who in ('paper', 'ours')]
    rows = defaultdict(list)
    for cell in cells:
        rows[cell.row] += [cell.paper, cell.ours]
    table = tabulate(
        [[row, *values] for row, values in rows.items()],
        headers=['', *headers],
        tablefmt=STYLES[suffix],
        disable_numparse=True,
    )
    caption, notes = caption_of(number, protocol), notes_of(protocol, cells)
    if suffix == '.tex':
        escapes = str.maketrans(LATEX_ESCAPE_RULES)
        caption = f'\\caption{{{caption.translate(escapes)}}}'
        parts = ['\\begin{table}', caption, table, '', notes, '\\end{table}']
        return '\n'.join(parts)
    return '\n\n'.join([caption, table, notes])


def format_tables(tables: dict[tuple, list[Cell]], suffix: str) -> str:
    """Write all tables as a file of the suffix has them.

    Comma-separated values have a line for each cell.
    """
    if suffix != '.csv':
        texts = [format_table(*key, cells, suffix) for key, cells in tables.items()]
        return '\n\n\n'.join(texts) + '\n'
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['table', 'protocol', *Cell._fields])
    for (number, protocol), cells in tables.items():
        writer.writerows([number, '; '.join(protocol), *cell] for cell in cells)
    return text.getvalue()
