"""Progress of a run: a live display on a terminal, plain lines elsewhere; both with a time left learned from fits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.errors import one_line, told
from bench.plan.estimate import Estimate, spoken
from bench.plan.job import Job, noun
from bench.running.schedule import Event
from bench.running.work import Failure

PLAIN_SECONDS, QUIET_SECONDS = 15.0, 60.0
PACE_SECONDS = 5.0  # of counting after which the time left can be told


class Progress:
    """Follows the events of a run; a context manager. Subclasses decide how it looks."""

    def __init__(self, jobs: Iterable[Job], estimate: Estimate) -> None:
        self.jobs = {job.id: job for job in jobs}
        self.estimate = estimate
        self.noun = noun(self.jobs.values())
        self.started = time.monotonic()
        self.done = self.failed = 0
        self._submitted: dict[str, None] = {}  # in this order the executor takes them
        self._began: dict[str, float] = {}
        self._open = dict(self.jobs)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last state on the screen."""

    def follow(self, event: Event) -> None:
        """Take in one event of the schedule."""
        job = self.jobs[event.node.id]
        if event.kind == "submitted":
            self._submitted[job.id] = None
        elif event.kind == "ended" and event.outcome:
            self._submitted.pop(job.id, None)
            self._open.pop(job.id, None)
            for note in event.outcome.notes:
                self.say(f"{job.label}: {note}")
            if event.outcome.state == "done" and event.outcome.value == "done":
                self.estimate.learn(job, event.outcome.seconds)
            failed = event.outcome.state in ("failed", "blocked") or event.outcome.value == "failed"
            self.failed, self.done = self.failed + failed, self.done + (not failed)
            if failed:
                self.say(f"failed: {job.label}: {_why(event.outcome.failure)}")
        elif event.kind == "again":
            self._submitted.pop(job.id, None)
            self.say(f"a worker died during {job.label}; it is tried again alone")
        elif event.kind == "busy":
            self._submitted.pop(job.id, None)
        now, oldest = time.monotonic(), [*self._submitted][: self.estimate.workers]
        self._began = {id: self._began.get(id, now) for id in oldest}
        self.show()

    def running(self) -> list[tuple[Job, float]]:
        """Return the fits at work with the seconds since each began; what merely waits in the executor is left out."""
        return [(self.jobs[id], time.monotonic() - since) for id, since in self._began.items()]

    def line(self) -> str:
        """Return the state of the run in one line."""
        running = self.running()
        at_work = {job.id for job, _ in running}
        left = self.estimate.left((job for job in [*self._open.values()] if job.id not in at_work), running)
        failed = f", {self.failed} failed" if self.failed else ""
        elapsed = spoken(time.monotonic() - self.started)
        return f"{self.done}/{len(self.jobs)} {self.noun}s{failed}, {elapsed} so far, time left {spoken(left)}"

    def say(self, text: str) -> None:
        """Print a line that stays."""
        print(one_line(text), file=sys.stderr, flush=True)

    def show(self) -> None:
        """Update what is on the screen."""


class PlainProgress(Progress):
    """A line now and then, for logs; also while nothing ends, for a translator takes long."""

    def __init__(self, jobs: Iterable[Job], estimate: Estimate, quiet_seconds: float = QUIET_SECONDS) -> None:
        super().__init__(jobs, estimate)
        self._quiet_seconds = quiet_seconds
        self._last = float("-inf")
        self._over = threading.Event()

    def __enter__(self) -> Progress:
        threading.Thread(target=self._keep_showing, name="progress", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        """Fall silent."""
        self._over.set()

    def show(self) -> None:
        """Print the state if the last line is some seconds old, and at the end."""
        now = time.monotonic()
        if now - self._last >= PLAIN_SECONDS or not self._open:
            self._last = now
            at_work = "; ".join(f"{job.label} {spoken(seconds)}" for job, seconds in self.running())
            self.say(f"{self.line()}{f' ({at_work})' if at_work else ''}")

    def _keep_showing(self) -> None:
        while not self._over.wait(self._quiet_seconds):
            self.show()


class LiveProgress(Progress):
    """A bar, the time left and the fits at work, redrawn in place."""

    def __init__(self, jobs: Iterable[Job], estimate: Estimate, console: Console) -> None:
        super().__init__(jobs, estimate)
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> Progress:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the bar and leave one line in its place."""
        self._live.stop()
        self.say(self.line())

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._live.console.print(one_line(text), highlight=False, markup=False)

    def _picture(self) -> Table:
        picture = Table.grid()
        picture.add_row(ProgressBar(total=len(self.jobs), completed=self.done + self.failed, width=60))
        picture.add_row(Text(self.line()))
        for job, seconds in self.running():
            picture.add_row(Text(one_line(f"  {job.label}  {spoken(seconds)}"), style="dim"))
        return picture


def progress(jobs: Iterable[Job], estimate: Estimate) -> Progress:
    """Return the progress display that fits where standard error goes."""
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    return LiveProgress(jobs, estimate, console) if console.is_terminal else PlainProgress(jobs, estimate)


def _why(failure: Failure | None) -> str:
    return told(str(failure or "see imbench status"), " (all of it: imbench status)")


@contextmanager
def counting(text: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, in all) that shows how far a preparation has come; silent where it is quick.

    On a terminal it is one line that changes, elsewhere a line now and then; both say the time left once it is known.
    """
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    pace, spoke = _Pace(), time.monotonic() + PLAIN_SECONDS - QUIET_SECONDS
    text = one_line(text)
    with console.status(Text(text)) as status:

        def count(done: int, total: int) -> None:
            nonlocal spoke
            line = f"{text} {done}{f'/{total}' if total else ''}{pace.left(done, total)}"
            if console.is_terminal:
                status.update(Text(line))
            elif time.monotonic() - spoke >= QUIET_SECONDS:
                spoke = time.monotonic()
                print(line, file=sys.stderr, flush=True)

        yield count


class _Pace:
    """How fast something is counted, from where it began: what an earlier run left done took no time."""

    def __init__(self) -> None:
        self._last, self._first, self._since = 0, 0, time.monotonic()

    def left(self, done: int, total: int) -> str:
        if not self._last or done < self._last:  # the first count, or another part begins
            self._first, self._since = done, time.monotonic()
        self._last = done
        elapsed = time.monotonic() - self._since
        if done <= self._first or done >= total or elapsed < PACE_SECONDS:
            return ""
        return f", {spoken(elapsed * (total - done) / (done - self._first))} left"
