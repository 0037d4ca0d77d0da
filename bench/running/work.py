"""One piece of work as a worker runs it: what it may answer, and how its failure travels back as plain text."""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import bench.errors
from bench.errors import Terminated, UserError, printable, told

LONGEST = 1000  # characters of an error's text that are kept


@dataclass(frozen=True)
class Done:
    """The work was done now. `notes` are lines for whoever runs it.

    `seconds` is what the work says it took, None where it does not: a worker's first work waits for libraries, too.
    """

    value: object = None
    notes: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Reused:
    """The work had been done before; its outcome was found."""

    value: object = None


@dataclass(frozen=True)
class Busy:
    """Another runner is doing the work; ask again later."""


@dataclass(frozen=True)
class Failure:
    """An error as text. `kind` is its class, `place` the line that raised it, `epoch` where a loss diverged.

    `notes` are lines for whoever runs it, as those of `Done`.
    """

    kind: str
    message: str
    place: str = ""
    epoch: int | None = None
    notes: tuple[str, ...] = ()

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
    """Run the work; no error of its own leaves as an exception, `sys.exit()` neither: that would end the run as done.

    Raises
    ------
    KeyboardInterrupt, Terminated
        The run is stopped, not by the work.
    """
    started = time.perf_counter()
    result: Answer | Failure | Stop
    try:
        result = work()
    except UserError as error:
        known = next(base for base in type(error).__mro__ if base.__module__ == bench.errors.__name__)
        result = Stop(known.__name__, "; ".join([str(error), *_notes(error)]))
    except Terminated:
        raise
    except BaseException as error:  # whatever a method raises fails its own node only, and many errors do not pickle
        if isinstance(error, KeyboardInterrupt) and _hears_the_user():
            raise
        result = failure_of(error)
    return Reply(result, time.perf_counter() - started)


def failure_of(error: BaseException) -> Failure:
    """Return an error as text, the epoch where it has one, cut where it is longer than anybody reads."""
    epoch = getattr(error, "epoch", None)
    epoch = epoch if isinstance(epoch, int) and epoch > 0 else None
    try:
        message = str(error)
    except Exception:  # an error of a plugin may not even have a text
        message = "its text cannot be had"
    if len(message) > LONGEST:
        message = f"{message[:LONGEST]}... ({len(message) - LONGEST} more characters)"
    return Failure(type(error).__name__, message, "" if epoch else _place(error), epoch, _notes(error))


@contextmanager
def telling(label: str, damaged: Iterable[Path]) -> Iterator[None]:
    """Let an error take along what was moved aside meanwhile: whoever does the work again does not meet it any more.

    Who is stopped says it at once, since nobody waits for its answer.
    """
    try:
        yield
    except (Terminated, KeyboardInterrupt):
        with suppress(OSError, ValueError):  # the terminal may be gone
            for path in damaged:
                print(printable(f"{label}: {aside(path)}"), file=sys.stderr, flush=True)
        raise
    except BaseException as error:
        with suppress(Exception):  # an error of a plugin may take no notes
            for path in damaged:
                error.add_note(aside(path))
        raise


def aside(path: Path) -> str:
    """Return a line about what was moved aside."""
    return f"set aside: {path}: its content is not what was written"


def _notes(error: BaseException) -> tuple[str, ...]:
    notes = getattr(error, "__notes__", ())
    return tuple(told(it) for it in notes if isinstance(it, str)) if isinstance(notes, list) else ()


def _hears_the_user() -> bool:
    """Return whether Ctrl-C can have come from outside: it reaches the main thread alone, and workers ignore it."""
    main = threading.current_thread() is threading.main_thread()
    return main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def _place(error: BaseException) -> str:
    """Return file and line of the innermost frame that is of no installed library, such as `mine.py:7`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [it for it in frames if "site-packages" not in it.filename and not it.filename.startswith(sys.base_prefix)]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
