"""The state of a grid: which of its fits are done, stale, failed or missing in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.compose import compose
from bench.config import Config
from bench.grid import Grid, Job
from bench.identity import fit_code
from bench.index import Summary
from bench.record import digest

State = Literal["done", "stale", "failed", "missing"]


@dataclass(frozen=True)
class Standing:
    """Every fit's state by id, and the code that each method's fits would run now."""

    states: Mapping[str, State]
    code: Mapping[str, Mapping[str, str]]

    def count(self, jobs: tuple[Job, ...]) -> Counter[State]:
        """Return how many of the jobs are in each state."""
        return Counter(self.states[job.id] for job in jobs)


def standing(grid: Grid, summaries: Mapping[str, Summary], config: Config) -> Standing:
    """Compare a grid with a store's summaries. A fit is stale when the code it ran has changed since."""
    methods = dict.fromkeys(job.method for job in grid.jobs)
    code = {method: fit_code(compose(method, config.composition.allow)) for method in methods}
    digests = {method: digest(used) for method, used in code.items()}
    states = {job.id: state_of(summaries.get(job.id), digests[job.method]) for job in grid.jobs}
    return Standing(states, code)


def state_of(summary: Summary | None, code: str) -> State:
    """Return a fit's state, given its record's summary if there is one and the digest of the code it would run now."""
    if summary is None:
        return "missing"
    if summary.status == "failed":
        return "failed"
    return "done" if summary.code_digest == code else "stale"
