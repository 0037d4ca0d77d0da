"""Ahead: what a report will ask for is made in other processes, while the rest of it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from joblib import Parallel, cpu_count, delayed

from bench.errors import UserError

T = TypeVar("T")

MOST = 4  # processes: each takes a few hundred megabytes

# Of a report that was stopped or failed: nobody wants its charts any more.
warnings.filterwarnings("ignore", r"\d+ tasks have been successfully executed|.*tasks which were still being processed")


def ahead(calls: Sequence[Callable[[], T]], doing: str, *, here: bool = False, few: int = 1) -> Iterator[T]:
    """Make some calls while the caller goes on; give what they return in their order.

    Parameters
    ----------
    calls
        Picklable, as a `functools.partial` of a module's function is.
    doing
        What such a process did, in words, should it be killed.
    here
        Make each in this process, when its result is asked for.
    few
        So many are made sooner than a process starts.

    Raises
    ------
    UserError
        A process was killed: here, or by what is returned.
    """
    processes = min(MOST, cpu_count())
    if here or processes < 2 or len(calls) <= few:
        return (call() for call in calls)
    with _survived(doing):
        made: Iterator[T] = Parallel(processes, return_as="generator", batch_size=1)(delayed(it)() for it in calls)
    return _given(made, doing)


def _given(made: Iterator[T], doing: str) -> Iterator[T]:
    with _survived(doing):
        yield from made


@contextmanager
def _survived(doing: str) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        reason = "by the system for want of memory, perhaps"
        raise UserError(f"a process that {doing} was killed, {reason}; the same command does it again") from None
