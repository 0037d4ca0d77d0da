"""One piece of work as a worker runs it: what it may answer, and how its failure travels back as plain text."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bench.errors
from bench.errors import UserError


@dataclass(frozen=True)
class Done:
    """The work was done now. `notes` are lines for whoever runs it."""

    value: object = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reused:
    """The work had been done before; its outcome was found."""

    value: object = None


@dataclass(frozen=True)
class Busy:
    """Another runner is doing the work; ask again later."""


@dataclass(frozen=True)
class Failure:
    """An error as text. `kind` is its class, `place` the line that raised it, `epoch` where a loss diverged."""

    kind: str
    message: str
    place: str = ""
    epoch: int | None = None

    def __str__(self) -> str:
        text = f"{self.kind}: {self.message}" if self.message else self.kind
        return f"{text} ({self.place})" if self.place else text


@dataclass(frozen=True)
class Stop:
    """The run cannot go on: an error that the user has to mend first."""

    kind: str
    message: str

    def error(self) -> UserError:
        """Return the error to raise in the run's own process."""
        found = getattr(bench.errors, self.kind)(self.message)
        assert isinstance(found, UserError)
        return found


Answer = Done | Reused | Busy
Work = Callable[[], Answer]


@dataclass(frozen=True)
class Reply:
    """What comes back from a worker, and the seconds that the work took there."""

    result: Answer | Failure | Stop
    seconds: float


def perform(work: Work) -> Reply:
    """Run the work; no error of its own leaves as an exception."""
    started = time.perf_counter()
    result: Answer | Failure | Stop
    try:
        result = work()
    except UserError as error:
        known = next(base for base in type(error).__mro__ if base.__module__ == bench.errors.__name__)
        result = Stop(known.__name__, str(error))
    except Exception as error:  # whatever a method raises fails its own node only, and many errors do not pickle
        epoch = getattr(error, "epoch", None)
        result = Failure(type(error).__name__, str(error), "" if epoch else _place(error), epoch)
    return Reply(result, time.perf_counter() - started)


def _place(error: Exception) -> str:
    """Return file and line of the innermost frame that is of no installed library, such as `mine.py:7`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [it for it in frames if "site-packages" not in it.filename and not it.filename.startswith(sys.base_prefix)]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
