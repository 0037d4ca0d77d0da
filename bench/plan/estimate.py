"""Time left: seconds that jobs took, or this machine's speed, scaled to the jobs to come by counted operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from bench.plan.job import TRAINED, Job
from bench.plan.operations import Counted

Likeness = tuple[object, ...]  # what jobs have in common
ANY: Likeness = ()
UNCOUNTED_SECONDS = 10.0  # of a job that counts no operations, until one of its kind is done


class Estimate:
    """Learns seconds per operation from finished jobs, and asks the most alike of them about one to come.

    Parameters
    ----------
    workers
        How many jobs run at a time.
    elsewhere
        What jobs took on other machines: asked where no job of this one is as much alike, and scaled by how many times
        longer or shorter this one's took.
    counted
        The jobs' operations. Jobs that count none learn from their own kind alone, and nobody learns from them.
    speed
        Operations a second that a worker of this machine was measured to do in training a classifier; for fits where no
        job is alike.
    pace
        Returns the seconds of an operation of the stage behind a job, as measured on this machine; for the others.
    """

    def __init__(
        self,
        workers: int,
        elsewhere: Estimate | None = None,
        counted: Counted | None = None,
        speed: float | None = None,
        pace: Callable[[Job], float | None] | None = None,
    ) -> None:
        self.workers, self.speed = workers, speed
        self._counted, self._pace = counted or Counted(), pace or (lambda job: None)
        self._elsewhere = elsewhere
        self._seconds: defaultdict[Likeness, float] = defaultdict(float)
        self._operations: defaultdict[Likeness, float] = defaultdict(float)
        self._seconds_elsewhere = 0.0  # that the jobs learned from would have taken there

    def learn(self, job: Job, seconds: float) -> None:
        """Take in how long a job took."""
        if (counted := self._counted.of(job)) is None:
            return
        for key in _keys(job, counted):
            self._seconds[key] += seconds
            self._operations[key] += counted or 1.0
        if self._elsewhere and counted:
            self._seconds_elsewhere += self._elsewhere.seconds(job) or 0.0

    def learn_elsewhere(self, job: Job, seconds: float) -> None:
        """Take in how long a job took on another machine; before any of this one."""
        self._elsewhere = self._elsewhere or Estimate(1, counted=self._counted)
        self._elsewhere.learn(job, seconds)

    def seconds(self, job: Job) -> float | None:
        """Return how long a job will take; None where its operations, or the speed of this machine, are not known."""
        if (counted := self._counted.of(job)) is None:
            return None
        for key in _keys(job, counted):
            if counted and not _says_more(key, job) and (measured := self._measured(job, counted)) is not None:
                return measured
            if rate := self._rate(key) or self._rate_elsewhere(key):
                return (counted or 1.0) * rate
        if not counted:
            return UNCOUNTED_SECONDS
        return counted / self.speed if self.speed else None

    @property
    def borrowed(self) -> bool:
        """Whether all that is known comes from other machines."""
        return self._elsewhere is not None and not self._operations

    def left(self, waiting: Iterable[Job], running: Iterable[tuple[Job, float]] = ()) -> float | None:
        """Return the seconds until all is done, given the jobs to come and those at work with their seconds so far.

        Of jobs that wait for each other only the longest is seen to: they may take longer.
        """
        total = longest = 0.0
        for job, elapsed in [*((job, 0.0) for job in waiting), *running]:
            if (seconds := self.seconds(job)) is None:
                return None
            rest = max(seconds - elapsed, 0.0)
            total, longest = total + rest, max(longest, rest)
        return max(total / self.workers, longest)

    def _measured(self, job: Job, counted: float) -> float | None:
        """Return how long a job takes by what was measured of its own network or stage; None where nothing was."""
        if job.kind not in TRAINED:
            pace = self._pace(job)
            return counted * pace if pace else None
        if not self.speed:
            return None
        # Images that a stage makes for a fit, or goes on learning to make, have that stage's pace.
        beside = max(counted - self._counted.own(job), 0.0) if job.needs else 0.0
        pace = self._pace(job) if beside else None
        return (counted - beside) / self.speed + beside * (pace or 1 / self.speed)

    def _rate(self, key: Likeness) -> float:
        """Return the seconds an operation took in jobs so much alike, 0 where there are none."""
        return self._seconds[key] / self._operations[key] if key in self._operations else 0.0

    def _rate_elsewhere(self, key: Likeness) -> float:
        if not self._elsewhere:
            return 0.0
        slower = (
            self._seconds[ANY] / self._seconds_elsewhere if self._seconds_elsewhere and ANY in self._seconds else 1.0
        )
        return slower * self._elsewhere._rate(key)


def _keys(job: Job, counted: float) -> list[Likeness]:
    """Return the groups of like jobs that one belongs to, the most alike first; what counts nothing stays apart."""
    task = job.task
    kind, name = job.kind, job.call.name if job.call else job.method.partition("(")[0]
    if not counted:
        return [("uncounted", task.dataset, kind, name), ("uncounted", "", kind, name)]
    return [
        (task.dataset, kind, job.method, task.counts),
        (task.dataset, kind, job.method),
        (task.dataset, kind, name),
        ("", kind, name),
        (task.dataset, kind),
        ("", kind),
        ANY,
    ]


def _says_more(key: Likeness, job: Job) -> bool:
    """Return whether what jobs took that are so much alike says more of a job than what is measured of its network."""
    return key[:1] == (job.task.dataset,) and (job.kind in TRAINED or len(key) > len((job.task.dataset, job.kind)))


def spoken(seconds: float | None) -> str:
    """Return a duration in words."""
    if seconds is None:
        return "not counted yet (`imbench run --dry-run` counts it)"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
