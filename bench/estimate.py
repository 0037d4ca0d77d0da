"""Time left: seconds that fits took, scaled to the fits to come by their counted operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bench.job import Job
from bench.trainer import flops_per_image


def operations(job: Job) -> float:
    """Return about how many floating-point operations a job takes; exact for plain fits where epochs are equal."""
    if job.kind not in ("fit", "audit"):
        return max(job.operations, 1.0)
    counts, protocol = job.task.counts, job.protocol
    images = 2 * max(counts) if protocol.epoch == "equal" else sum(counts)
    return images * protocol.epochs * flops_per_image(protocol, len(counts)) + job.operations


class Estimate:
    """Learns seconds per operation from finished fits: of like fits if there are any, else of all."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._seconds: defaultdict[tuple[object, ...], float] = defaultdict(float)
        self._operations: defaultdict[tuple[object, ...], float] = defaultdict(float)

    def learn(self, job: Job, seconds: float) -> None:
        """Take in how long a fit took."""
        for key in _keys(job):
            self._seconds[key] += seconds
            self._operations[key] += operations(job)

    def seconds(self, job: Job) -> float | None:
        """Return how long a fit will take, None while nothing is known."""
        for key in _keys(job):
            if self._operations[key] > 0:
                return operations(job) * self._seconds[key] / self._operations[key]
        return None

    def left(self, waiting: Iterable[Job], running: Iterable[tuple[Job, float]] = ()) -> float | None:
        """Return the seconds until all is done, given the fits to come and those at work with their seconds so far."""
        total = 0.0
        for job, elapsed in [*((job, 0.0) for job in waiting), *running]:
            if (seconds := self.seconds(job)) is None:
                return None
            total += max(seconds - elapsed, 0.0)
        return total / self.workers


def _keys(job: Job) -> list[tuple[object, ...]]:
    """Return groups of like fits, the most alike first."""
    task = job.task
    kind, name = job.kind, job.call.name if job.call else job.method.partition("(")[0]
    return [
        (task.dataset, kind, job.method, task.counts),
        (task.dataset, kind, job.method),
        (task.dataset, kind, name),
        (task.dataset, kind),
        (kind,),
        (),
    ]


def spoken(seconds: float | None) -> str:
    """Return a duration in words."""
    if seconds is None:
        return "unknown until the first is done"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
