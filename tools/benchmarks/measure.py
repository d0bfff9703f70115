"""How forms are compared: time, memory, and whether results are equal."""

import statistics
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from typing import Any, Optional

import numpy as np

from .device import tf32

# Each process is a fork of one that has only imported, so that it is fresh at once.
FRESH = get_context('forkserver')
FRESH.set_forkserver_preload(['torch', 'mmpretrain', 'mmccam.models'])


@dataclass
class Measurement:
    """What one run of a form gave; all forms of a part must agree on the values."""

    images: int
    seconds: float
    values: np.ndarray
    megabytes: Optional[float] = None  # peak above that of the idle process
    parts: Optional[dict[str, float]] = None  # the seconds of some, by their names


@dataclass
class Form:
    """One way of a computation."""

    way: Any  #: what the part's ``run`` gets
    precision: str = 'float32'  #: of its products, one of ``PRECISIONS``
    gpu_only: bool = False  #: whether it has no meaning on a CPU


@dataclass
class Part:
    """A computation that is measured in several forms.

    The tolerances are the largest differences of values from the plain ones, relative
    to the largest of these, in float32 and in any other precision.
    """

    title: str  #: what is computed; options stand in braces
    run: Callable[[Any, str, Namespace], Measurement]  #: runs a form once
    forms: dict[str, Form]  #: by their name, the plain one first
    tolerances: tuple[float, float] = (0, 0)
    fresh: bool = (
        False  #: whether each run has its own process, as memory of CPUs needs
    )
    #: how many operations of products an image needs at least
    operations: Optional[Callable[[Namespace], int]] = None


def measure(part: Part, args: Namespace, rates: dict[str, float]) -> list[dict]:
    """Run all forms in turns, so that what else the machine does meets all alike.

    ``rates`` says how fast the device multiplies, in 1e12 operations a second, by the
    precision; it is empty if that is not known. A row for each form has medians, ratios
    to the plain form with their range, and whether its values are those of the plain
    form; with rates, the share of them.
    """
    on_gpu = args.device != 'cpu'
    forms = {name: form for name, form in part.forms.items() if on_gpu >= form.gpu_only}
    runs: dict[str, list[Measurement]] = {name: [] for name in forms}
    for _, (name, form) in product(range(args.repeats), forms.items()):
        inputs = form.way, form.precision, args
        if part.fresh and not on_gpu:
            with ProcessPoolExecutor(1, FRESH) as pool:
                runs[name].append(pool.submit(part.run, *inputs).result())
        else:
            with tf32(form.precision == 'TF32'):
                runs[name].append(part.run(*inputs))
    plain = next(iter(runs.values()))
    rows = []
    for name, form in forms.items():
        tolerance = part.tolerances[form.precision != 'float32']
        row = dict(form=name, **_row(runs[name], plain, tolerance))
        if rates and part.operations:
            reached = part.operations(args) * row['images_a_second'] / 1e12
            row |= dict(reached=reached, share=reached / rates[form.precision])
        rows.append(row)
    return rows


def _row(runs: list[Measurement], plain: list[Measurement], tolerance: float) -> dict:
    ratios = [ours.seconds / theirs.seconds for ours, theirs in zip(runs, plain)]
    seconds = statistics.median(run.seconds / run.images for run in runs)
    truth = plain[0].values
    largest_value = max(np.abs(truth).max(), np.finfo(float).tiny)
    difference = max(np.abs(run.values - truth).max() for run in runs) / largest_value
    row = dict(
        ms_an_image=1e3 * seconds,
        images_a_second=1 / seconds,
        ratio=statistics.median(ratios),
        smallest=min(ratios),
        largest=max(ratios),
    )
    if runs[0].megabytes is not None:
        row['megabytes'] = statistics.median(run.megabytes for run in runs)
        theirs = statistics.median(run.megabytes for run in plain)
        row['memory_ratio'] = row['megabytes'] / theirs
    if runs[-1].parts:
        row['parts'] = runs[-1].parts
    equal = bool(difference <= tolerance)
    return dict(row, difference=float(difference), equal=equal)
