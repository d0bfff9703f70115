"""Stop at the first problem of a data set, or report all of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Optional

_report: ContextVar[Optional[Callable[[str], None]]] = ContextVar(
    'report', default=None
)


@contextmanager
def report_problems(report: Callable[[str], None]) -> Iterator[None]:
    """Have the data sets that are read meanwhile report their problems and go on.

    What they then hold is good for checks alone: fields of wrong lines are missing.

    Args:
        report: Called with one sentence for each problem.
    """
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


@contextmanager
def reportable() -> Iterator[None]:
    """Do the work on one line, image or file, whose error is raised or reported.

    Raises:
        OSError: As the work does, outside of :func:`report_problems`.
        ValueError: Likewise.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        report = _report.get()
        if report is None:
            raise
        report(str(error))
