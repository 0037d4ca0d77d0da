"""The grid of records whose images are not here: their places by their counts, and the fits they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.dataset import Task, vector
from bench.plan.config import Config
from bench.plan.grid import Cell, Grid, left_out, stage_settings
from bench.plan.job import Job, add_jobs
from bench.plan.needs import Workshop
from bench.training.composition import Composition

Labels = Mapping[tuple[str, tuple[int, ...]], str]  # what a task's counts are called


def lone_grid(
    name: str,
    config: Config,
    identities: Iterable[Mapping[str, Any]],
    methods: Sequence[Composition],
    labels: Labels,
) -> Grid:
    """Return the cells of a dataset that only its fits' identities tell of.

    They hold classes and counts; not what the whole training part had, so that a place goes by its counts, where
    `labels` does not know it, and what was made of the whole part, such as judges, is left out.
    """
    profile = config.profile
    settings, arguments = partial(stage_settings, profile, name), profile.arguments(name)
    cells: list[Cell] = []
    jobs: dict[str, Job] = {}
    known = list(labels)
    tasks = dict.fromkeys(_task(identity, labels) for identity in identities)
    for task in sorted(tasks, key=lambda it: (_order(it, known), it.edition, it.split, it.classes)):
        shop = Workshop(task, task, profile.protocol(name), settings, arguments, config.composition.allow)
        for method in methods:
            for seed in range(config.run.seeds):
                if reason := method.supports(task.counts) or left_out(
                    method.requires(task.counts, shop.protocol), config
                ):
                    cells.append(Cell(task, method.expression, seed, config.run.profile, "", reason))
                    continue
                *stages, job = shop.fit(method, profile.streams(seed))
                add_jobs(jobs, [*stages, job], method)
                ids = tuple(stage.id for stage in stages)
                cells.append(Cell(task, method.expression, seed, config.run.profile, job.id, stages=ids))
    return Grid(tuple(cells), tuple(jobs.values()))


def _order(task: Task, known: Sequence[tuple[str, tuple[int, ...]]]) -> tuple[int, ...]:
    """Return what tasks are sorted by: their order in the labels, else the most imbalanced first."""
    key = (task.dataset, task.counts)
    return (known.index(key) if key in known else len(known), min(task.counts), -max(task.counts), *task.counts)


def _task(identity: Mapping[str, Any], labels: Labels) -> Task:
    counts, classes = tuple(identity["counts"]), tuple(identity["classes"])
    place = labels.get((str(identity["dataset"]), counts)) or vector(counts).label(counts)
    return Task(str(identity["dataset"]), identity["edition"], identity["split"], classes, counts, place)
