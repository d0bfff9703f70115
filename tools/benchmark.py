"""Time each part of the project against a plain form of the same computation."""

import argparse

# Each part, such as `BLOCK`, is in a module of benchmarks/.
MODULES = dict(
    block='block',
    maps='maps',
    step='step',
    released_step='step',
    network='network',
    pipeline='pipeline',
    localization='evaluation',
    evaluation='evaluation',
    search='search',
    released_search='search',
)
# What takes long is only measured where it is named.
LONG = dict(
    epoch='epoch',
    test='epoch',
    train_command='commands',
    test_command='commands',
    localize_command='commands',
)
ALL = {**MODULES, **LONG}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    what = f'of: {", ".join(MODULES)}, which are all measured by default, and '
    what += ', '.join(LONG)
    add('parts', nargs='*', metavar='part', help=what)
    add('--device', default='cpu', help='such as cuda, cpu by default')
    add('--repeats', type=int, default=3, help='runs of each form')
    add('--batch-size', type=int, default=32)
    add('--image-side', type=int, default=224, help='in pixels')
    add('--classes', type=int, default=1000, help='of the maps')
    what = 'of all parts that are about images'
    add('--images', type=int, default=64, help=what)
    what = 'of epoch, test and the commands: folder in the metadata format; by default '
    add('--data', help=f'{what}the demo is drawn')
    add('--step', type=float, default=0.001, help='distance of the thresholds')
    add('--workers', type=int, default=2, help='processes that load images')
    what = 'of the training step: also print which operations take the time'
    add('--profile', action='store_true', help=what)
    add('--seed', type=int, default=0)
    add('--json', help='file to write the numbers to')
    args = parser.parse_args()
    for part in args.parts:
        if part not in ALL:
            parser.error(f'there is no part {part}, only {", ".join(ALL)}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import os
import platform
from datetime import date
from importlib import import_module

import cv2
import mmengine
import numpy as np
import torch
from benchmarks.device import PRECISIONS, matrix_rate
from benchmarks.measure import measure
from tabulate import tabulate


def describe_machine(device: str) -> str:
    """The versions and the processor that the numbers hold for, and the date."""
    gpu = '' if device == 'cpu' else f'{torch.cuda.get_device_name(device)}, '
    return (
        f'{gpu}{os.cpu_count()} cores ({platform.machine()}, {torch.get_num_threads()} '
        f'threads), Python {platform.python_version()}, torch {torch.__version__}, '
        f'mmengine {mmengine.__version__}, numpy {np.__version__}, '
        f'OpenCV {cv2.__version__}, {date.today()}'
    )


def format_rows(rows: list[dict]) -> str:
    """A table of the rows, and below it the seconds of the parts of one, if any."""
    shown = [{key: row[key] for key in row if key != 'parts'} for row in rows]
    lines = [tabulate(shown, 'keys', tablefmt='github', floatfmt='.3g')]
    for row in rows:
        parts = sorted(row.get('parts', {}).items(), key=lambda part: -part[1])
        if parts:
            texts = (f'{name} {seconds:.3g}' for name, seconds in parts)
            lines.append(f'Seconds of {row["form"]}: {", ".join(texts)}')
    return '\n'.join(lines)


def main(args: argparse.Namespace) -> None:
    machine, results, rates = describe_machine(args.device), {}, {}
    if args.device != 'cpu':
        rates = {name: matrix_rate(args.device, name) for name in PRECISIONS}
        print('Products of matrices, in 1e12 operations a second:', rates)
    for name in args.parts or MODULES:
        module = import_module(f'benchmarks.{ALL[name]}')
        part = getattr(module, name.upper())
        print(f'\n{part.title.format(**vars(args))}')
        results[name] = measure(part, args, rates)
        print(format_rows(results[name]), flush=True)
        if args.json:  # after each part, in case a later one fails
            about = dict(options=vars(args), machine=machine, rates=rates)
            mmengine.dump(dict(about, parts=results), args.json, indent=2)
    print(f'\nMedians of {args.repeats} runs, seed {args.seed}; {machine}')
    if not all(row['equal'] for rows in results.values() for row in rows):
        raise SystemExit('the forms of a part differ by more than rounding')


if __name__ == '__main__':
    main(args)
