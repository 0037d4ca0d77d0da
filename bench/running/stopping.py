"""Stopping: a process that the system ends (SIGTERM, SIGHUP) keeps a stage's state, drops claims, leaves in time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from bench.errors import Terminated

if TYPE_CHECKING:
    import torch

    from bench.stage import Checkpoint, Tensors

GRACE_SECONDS = 10.0  # for a stage to reach the end of its step; schedulers kill some 30 s after they have asked
LAST_SECONDS = 16.0  # then the process leaves, whatever it is at
SAID = "ended by the system; what was finished is stored, the same command goes on from there"
EVERYBODY = ""  # whom a signal to the process means; else the mark of a run

_told: set[str] = set()
_listening: set[Interruptible] = set()  # stages at work that have asked whether to keep their state


def ask(mark: str = EVERYBODY) -> None:
    """Ask the stages of a run, by its mark, to keep their state and end: in a worker that works for other runs too."""
    _told.add(mark)


def asked(mark: str = EVERYBODY) -> bool:
    """Return whether this process, or the run of a mark, was asked to end."""
    return EVERYBODY in _told or mark in _told


class Interruptible:
    """The checkpoint of a stage that keeps its state, and ends, as soon as it is asked to."""

    def __init__(self, inner: Checkpoint, mark: str) -> None:
        self._inner, self._mark = inner, mark

    def load(self) -> dict[str, torch.Tensor] | None:
        """Return the state kept last, None at the first start."""
        return self._inner.load()

    @property
    def due(self) -> bool:
        """Whether the state is to be kept: some minutes have passed, or this is the last chance."""
        _listening.add(self)
        return self._inner.due or asked(self._mark)

    def save(self, state: Tensors) -> None:
        """Keep the state.

        Raises
        ------
        Terminated
            That was the last thing to do.
        """
        self._inner.save(state)
        if asked(self._mark):
            raise Terminated


@contextmanager
def interruptible(inner: Checkpoint, mark: str) -> Iterator[Interruptible]:
    """Give a stage's checkpoint, for as long as the stage is made."""
    checkpoint = Interruptible(inner, mark)
    try:
        yield checkpoint
    finally:
        _listening.discard(checkpoint)


def listen_in_runner() -> None:
    """From now on a signal raises Terminated in the main thread, after a stage that works there has kept its state."""
    _on_signals(_end_runner)


def listen_no_more() -> None:
    """From now on a signal ends this process at once, and without a word: nothing is left that it could keep."""
    if signal.getsignal(signal.SIGALRM) is _out_of_patience:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def listen_in_worker() -> None:
    """From now on a signal ends this worker: at once, or after a stage that works here has kept its state."""
    _on_signals(_end_worker)


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)


def _end_runner(number: int, frame: FrameType | None) -> None:
    if asked():
        return  # it is on its way; who cannot wait has SIGKILL
    ask()
    threading.Thread(target=_leave_at_last, daemon=True).start()
    if not _listening:
        raise Terminated
    signal.signal(signal.SIGALRM, _out_of_patience)
    signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)


def _out_of_patience(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _end_worker(number: int, frame: FrameType | None) -> None:
    if not asked():
        ask()
        threading.Thread(target=_leave_soon, daemon=True).start()


def _leave_soon() -> None:
    end = time.monotonic() + GRACE_SECONDS
    while _listening and time.monotonic() < end:
        time.sleep(0.05)
    os._exit(Terminated.exit_status)  # the system drops its claims with it


def _leave_at_last() -> None:
    time.sleep(LAST_SECONDS)
    with suppress(OSError, ValueError):  # the terminal may be gone
        print(f"imbench: {SAID}", file=sys.stderr, flush=True)
    os._exit(Terminated.exit_status)
