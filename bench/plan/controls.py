"""Compute-matched controls: a cheap method trained for as long as a costly one computes.

A translator may help because of what it draws, or because of what it costs. A control answers that: it spends the same
floating-point operations, a stage's share divided among the fits that use it, on more epochs of a cheap method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bench.networks.network import step_operations
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.grid import Grid, build_grid, rarest_workshop
from bench.plan.job import Job
from bench.plan.operations import operations


@dataclass(frozen=True)
class Control:
    """A control of one fit: `budget` and `spent` are floating-point operations, counted, not timed."""

    of: Job
    job: Job
    epochs: int
    budget: float
    spent: float


def controls(config: Config) -> list[Control]:
    """Return the controls of every method with stages, at each dataset's smallest minority count.

    Raises
    ------
    ConfigError
        The control method, a dataset or a minority count does not exist.
    """
    grid = build_grid(config)
    shares = stage_shares(grid)
    found = []
    for name in dict.fromkeys(config.run.datasets):
        place = rarest_workshop(name, config)
        counts, protocol = place.task.counts, place.protocol
        cheap = compose(config.run.control, config.composition.allow, place.arguments)
        each_image = step_operations(protocol.backbone, protocol.image_size, len(counts))
        each_epoch = protocol.epoch_images(counts, len(counts) * max(counts)) * each_image
        for job in grid.jobs:
            if job.kind == "fit" and job.needs and job.task == place.task and not job.streams.stage:
                budget = operations(job) + shares[job.id]
                epochs = max(1, round(budget / each_epoch))
                longer = protocol.model_copy(update={"epochs": epochs})
                control = place.fit(cheap, config.profile.streams(job.streams.order), longer)[-1]
                found.append(Control(job, control, epochs, budget, epochs * each_epoch))
    return found


def stage_shares(grid: Grid) -> dict[str, float]:
    """Return each fit's share of the operations of the stages it rests on, divided among the fits that use them."""
    jobs = {job.id: job for job in grid.jobs}
    used = {job.id: stages_of(job, jobs) for job in grid.jobs if job.kind == "fit"}
    users = Counter(id for stages in used.values() for id in stages)
    return {fit: sum(operations(jobs[id]) / users[id] for id in stages) for fit, stages in used.items()}


def stages_of(job: Job, jobs: Mapping[str, Job]) -> list[str]:
    """Return the ids of the stages that a job rests on, directly or not."""
    found: dict[str, None] = {}
    waiting = [need.id for need in job.needs]
    while waiting:
        id = waiting.pop()
        if id not in found:
            found[id] = None
            waiting += [need.id for need in jobs[id].needs]
    return list(found)
