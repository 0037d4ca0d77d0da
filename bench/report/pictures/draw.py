"""Draw: charts side by side, in processes, since matplotlib keeps its settings for a whole process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from joblib import Parallel, cpu_count, delayed

from bench.errors import UserError
from bench.report.pictures.picture import Picture

Drawing = Callable[[], Picture]

FEW = 4  # charts that are drawn sooner than a process starts
MOST = 4  # processes: each takes a few hundred megabytes

# Of a report that was stopped or failed: nobody wants its charts any more.
warnings.filterwarnings("ignore", r"\d+ tasks have been successfully executed|.*tasks which were still being processed")


def draw(drawings: Sequence[Drawing], here: bool = False) -> Iterator[Picture]:
    """Draw them while the caller goes on; give them in their order.

    Parameters
    ----------
    drawings
        Picklable, as a `functools.partial` of a module's function is.
    here
        Draw in this process, when asked for each.

    Raises
    ------
    UserError
        A process was killed: here, or by what is returned.
    """
    processes = min(MOST, cpu_count())
    if here or processes < 2 or len(drawings) <= FEW:
        return (drawing() for drawing in drawings)
    with _survived():
        drawn: Iterator[Picture] = Parallel(processes, return_as="generator")(delayed(it)() for it in drawings)
    return _given(drawn)


def _given(drawn: Iterator[Picture]) -> Iterator[Picture]:
    with _survived():
        yield from drawn


@contextmanager
def _survived() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        reason = "by the system for want of memory, perhaps"
        raise UserError(f"a process that drew charts was killed, {reason}; the same command draws them again") from None
