"""The state of a grid: which of its jobs are done, stale, failed or missing in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.plan.jobcode import code_of
from bench.record import digest
from bench.store.index import Summary

State = Literal["done", "stale", "failed", "missing"]


@dataclass(frozen=True)
class Standing:
    """Every job's state by id, the code that it would run now, and when the record was finished that it has."""

    states: Mapping[str, State]
    code: Mapping[str, Mapping[str, str]]
    finished: Mapping[str, str]

    def count(self, jobs: tuple[Job, ...]) -> Counter[State]:
        """Return how many of the jobs are in each state."""
        return Counter(self.states[job.id] for job in jobs)


def standing(grid: Grid, summaries: Mapping[str, Summary]) -> Standing:
    """Compare a grid with a store's summaries. A job is stale when the code it ran has changed since."""
    code = {job.id: code_of(job) for job in grid.jobs}
    digests = {id(used): digest(used) for used in code.values()}  # many jobs share one
    states = {job.id: state_of(summaries.get(job.id), digests[id(code[job.id])]) for job in grid.jobs}
    return Standing(states, code, {job.id: summaries[job.id].finished for job in grid.jobs if job.id in summaries})


def state_of(summary: Summary | None, code: str) -> State:
    """Return a job's state, given its record's summary if there is one and the digest of the code it would run now."""
    if summary is None:
        return "missing"
    if summary.status == "failed":
        return "failed"
    return "done" if summary.code_digest == code else "stale"
