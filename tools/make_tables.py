"""Write Tables 1-7 of the NL-CCAM paper from results of test.py beside the paper's."""

import argparse
from pathlib import Path

from _cli import user_errors
from _paper import STYLES


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add('results', nargs='*', help='.json files that test.py --out has written')
    suffixes = ', '.join(STYLES)
    add('--out', nargs='+', default=[], help=f'files to write, each {suffixes}')
    what = 'Markdown file whose tables, between its markers, are written again; each '
    what += 'marker names the folder of the results'
    add('--page', type=Path, help=what)
    args = parser.parse_args()
    if bool(args.results) == bool(args.page):
        parser.error('name either results or a --page')
    if args.out and args.page:
        parser.error('--out is for results, --page writes the page')
    for out in args.out:
        if Path(out).suffix not in STYLES:
            parser.error(f'--out must end in one of {suffixes}, got {out}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from _page import fill_page
from _results import read_results, scores_of
from _tables import cells_of, format_tables, gather
from mmengine.fileio import put_text

from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.whole_files import check_writable


def write_tables(args: argparse.Namespace) -> None:
    """Print the tables of the results, and write them to the files."""
    for out in args.out:
        check_writable(out)
    results = read_results(args.results)
    found = gather(score for one in results for score in scores_of(*one))
    tables = {key: cells_of(key[0], cells) for key, cells in found.items()}
    print(format_tables(tables, '.txt'))
    for out in args.out:
        text = format_tables(tables, Path(out).suffix)
        put_text(text, out, backend_args=WHOLE_FILES)


def main(args: argparse.Namespace) -> None:
    with user_errors():
        if args.page:
            text = fill_page(args.page)
            put_text(text, args.page, backend_args=WHOLE_FILES)
        else:
            write_tables(args)


if __name__ == '__main__':
    main(args)
