"""How the benchmark measures: time, memory, and whether results are equal."""

import re
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Optional

import numpy as np


@dataclass
class Measurement:
    """What one run of a form gave; all forms of a part must agree on the values."""

    images: int
    seconds: float
    values: np.ndarray
    megabytes: Optional[float] = None  # peak above that of the idle process


@dataclass
class Form:
    """One way of a computation.

    Args:
        run: Function of the options that runs it once.
        tolerance: Largest difference of its values from the plain ones, relative to the
            largest of these.
    """

    run: Callable[[Namespace], Measurement]
    tolerance: float = 0


@dataclass
class Part:
    """A computation that is measured in several forms.

    Args:
        title: What is computed; options stand in braces.
        forms: Forms by their name, the plain one first.
        fresh: Whether each run has a process of its own, which memory needs.
    """

    title: str
    forms: dict[str, Form]
    fresh: bool = False


def seconds_of(function: Callable[[], object]) -> float:
    """The time that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """Yield a function for the peak of memory since then, in megabytes, on Linux."""
    Path('/proc/self/clear_refs').write_text('5')  # forgets the peak until now
    start = _status('VmRSS')
    yield lambda: _status('VmHWM') - start


def _status(name: str) -> float:
    """Memory of this process in megabytes, as Linux knows it."""
    text = Path('/proc/self/status').read_text()
    return int(re.search(rf'{name}:\s+(\d+) kB', text).group(1)) * 1024 / 1e6


def measure(part: Part, args: Namespace) -> list[dict]:
    """Run all forms in turns, so that what else the machine does meets all alike.

    Returns:
        A row for each form: medians, ratios to the plain form with their range, and
        whether its values are those of the plain form.
    """
    runs: dict[str, list[Measurement]] = {name: [] for name in part.forms}
    for _, (name, form) in product(range(args.repeats), part.forms.items()):
        if part.fresh:
            with get_context('spawn').Pool(1) as pool:
                runs[name].append(pool.apply(form.run, (args,)))
        else:
            runs[name].append(form.run(args))
    plain = next(iter(runs.values()))
    return [
        dict(form=name, **_row(runs[name], plain, form.tolerance))
        for name, form in part.forms.items()
    ]


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
    equal = bool(difference <= tolerance)
    return dict(row, difference=float(difference), equal=equal)
