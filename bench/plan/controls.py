"""Compute-matched controls: a cheap method trained for as long as a costly one computes.

A translator may help because of what it draws, or because of what it costs. A control answers that: it spends the same
floating-point operations, a stage's share divided among the fits that use it, on more epochs of a cheaper method. Where
that one rests on stages itself, as AUG beside ALT, its share of them is part of what it spends.
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
    """A control of one fit: `budget` and `spent` are floating-point operations, counted, not timed.

    `stages` are the jobs that the control needs.
    """

    of: Job
    job: Job
    epochs: int
    budget: float
    spent: float
    stages: tuple[Job, ...] = ()


def controls(config: Config) -> list[Control]:
    """Return the controls of every method with stages, at each dataset's smallest minority count.

    A method controls none that spends less than itself. One that rests on stages does so where it is a row of the run.

    Raises
    ------
    ConfigError
        A control method, a dataset or a minority count does not exist.
    """
    grid = build_grid(config)
    shares = stage_shares(grid)
    found = []
    for name in dict.fromkeys(config.run.datasets):
        place = rarest_workshop(name, config)
        counts, protocol = place.task.counts, place.protocol
        rows = [compose(row, config.composition.allow, place.arguments) for row in config.run.controls]
        each_image = step_operations(protocol.backbone, protocol.image_size, len(counts))
        each_epoch = protocol.epoch_images(counts, len(counts) * max(counts)) * each_image
        for job in grid.jobs:
            if job.kind == "fit" and job.needs and job.task == place.task and not job.streams.stage:
                budget = operations(job) + shares[job.id]
                for row in rows:
                    streams = config.profile.streams(job.streams.order)
                    *stages, plain = place.fit(row, streams)
                    if row.supports(counts, protocol) or plain.id == job.id or (stages and plain.id not in shares):
                        continue
                    begun = shares.get(plain.id, 0.0)
                    if operations(plain) + begun > budget:
                        continue
                    epochs = max(1, round((budget - begun) / each_epoch))
                    longer = protocol.model_copy(update={"epochs": epochs})
                    control = place.fit(row, streams, longer)[-1]
                    spent = begun + epochs * each_epoch
                    found.append(Control(job, control, epochs, budget, spent, tuple(stages)))
    return found


def cheap_controls(config: Config) -> tuple[str, ...]:
    """Return those of the control methods that rest on no stage."""
    place = rarest_workshop(config.run.datasets[0], config)
    rows = {row: compose(row, config.composition.allow, place.arguments) for row in config.run.controls}
    return tuple(row for row, it in rows.items() if not it.requires(place.task.counts, place.protocol))


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
