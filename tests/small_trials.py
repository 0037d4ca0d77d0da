"""Made-up fits of a real grid: records of digits whose methods differ by as much as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from builders import bench_toml

from bench import registry
from bench.analysis.origins import Origin
from bench.plan.config import load_config
from bench.plan.grid import Grid, build_grid
from bench.plan.job import Job
from bench.record import Cost, Predictions, Record
from bench.store.store import Store

METHODS = ("Vanilla", "TS", "CS", "OS")
Luck = Callable[[Job], float]


def made_up(job: Job, skill: float, luck: float, images: int = 100, lean: float = 0.0) -> Record:
    """Return the record of a fit whose images lie so far on their right side; its luck with each is its own.

    It leans so far to the common class, by a moved threshold alone.
    """
    rng = np.random.default_rng([*job.id.encode()])
    labels = np.repeat([0, 1], images)
    hard = np.random.default_rng(0).normal(0, 1, len(labels))  # an image is as hard for all
    logit = (2 * labels - 1) * (skill + luck) + hard + rng.normal(0, 0.3, len(labels)) - lean
    rare = 1 / (1 + np.exp(-logit))
    said = Predictions.of(labels, np.c_[1 - rare, rare])
    return Record(
        id=job.id, identity=job.identity, status="done", validation=said, test=said, cost=Cost(seconds=1.0, flops=1e9)
    )


def origin(
    folder: Path, skills: Mapping[str, float], sd: float = 0.05, luck: Luck = lambda job: 0.0, **run: object
) -> Origin:
    """Return a dataset's grid with a record of every fit; a method that has no skill has no record."""
    registry.load()
    settings: dict[str, object] = {"datasets": ["digits"], "methods": list(METHODS), "minority": [6, 10], "seeds": 5}
    grid = build_grid(load_config(bench_toml(folder, **settings | run)))
    return Origin(grid, Store(folder / "results", read_only=True), records(grid, skills, sd, luck))


def records(grid: Grid, skills: Mapping[str, float], sd: float, luck: Luck = lambda job: 0.0) -> dict[str, Record]:
    """Return a record for every fit of a grid whose method has a skill."""
    found = {}
    for number, job in enumerate(grid.jobs):
        if job.kind == "fit" and job.method in skills:
            rng = np.random.default_rng(number)
            found[job.id] = made_up(job, skills[job.method], sd * rng.standard_normal() + luck(job))
    return found
