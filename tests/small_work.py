"""Work and executors for tests of the schedule."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from small_records import log_line

from bench.running.schedule import Outcome
from bench.running.work import Answer, Busy, Done, Failure


def succeed(value: object = None) -> Answer:
    """Work that gives a value."""
    return Done(value)


def fail(error: Exception) -> Answer:
    """Work that raises."""
    raise error


def processes() -> ProcessPoolExecutor:
    """Return the standard library's executor: the schedule asks for nothing beyond its interface."""
    return ProcessPoolExecutor(2, mp_context=get_context("fork"))


def states(outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Return the outcomes' states by node id."""
    return {id: outcome.state for id, outcome in outcomes.items()}


def failure_of(outcome: Outcome) -> Failure:
    """Return the failure that must be there."""
    assert outcome.failure is not None
    return outcome.failure


def busy_until(log: Path, asked: int) -> Answer:
    """Work that another runner does until it has been asked for so many times."""
    log_line(log, "asked")
    return Done() if len(log.read_text().splitlines()) >= asked else Busy()
