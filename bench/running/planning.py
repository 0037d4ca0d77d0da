"""What a run will do: a grid held against the store, and how long the rest takes; nothing here computes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Literal

from bench.errors import UserError
from bench.plan.config import Config
from bench.plan.estimate import Estimate
from bench.plan.grid import Grid, build_grid, stage_settings
from bench.plan.job import TRAINED, Job
from bench.plan.operations import Counted
from bench.plan.state import Standing, State, standing
from bench.running.environment import device_name
from bench.running.pace import Paces
from bench.running.speed import speed
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.index import Summary
from bench.store.reference import reference_summaries
from bench.store.store import Store
from bench.training.device import has_cuda

ON_ONE_GPU = 8  # on an H200 8 make 2.6 times the steps of one, 4 make 2.0 (docs/performance.md)


@dataclass(frozen=True)
class Plan:
    """What a run will do: the grid, how it stands, and the jobs that are to be done, each after those it needs."""

    grid: Grid
    standing: Standing
    todo: tuple[Job, ...]
    estimate: Estimate
    damaged: tuple[Path, ...] = ()  # artifacts that were set aside

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the jobs to be done will take, learned from records; None where there are none."""
        return self.estimate.left(self.todo)


def make_plan(
    config: Config,
    store: Store,
    redo_stale: bool = False,
    grid: Grid | None = None,
    for_weights: bool = False,
    counting: bool = True,
    clock: Literal["wall", "processor"] = "wall",
) -> Plan:
    """Compare what the Config asks for with the store. Missing and failed jobs are to be done, stale ones on wish.

    A stage is made only for a job that is to be done, and again where its artifact is gone or damaged, or was made by
    code that has changed since: what rests on it now must not pass for the work of today's code.

    Parameters
    ----------
    grid
        What to do instead of the grid that the Config asks for.
    for_weights
        Do fits again whose weights are to be kept and are not there.
    counting
        Count the operations of jobs, and measure the speed of this machine, where they are not known; that loads torch.
    clock
        What the time left is learned from: seconds by the wall clock, or those on cores, which no other work spoils.
    """
    grid = grid or build_grid(config)
    summaries = store.summaries()
    state = standing(grid, summaries)
    wanted: tuple[State, ...] = ("missing", "failed", "stale") if redo_stale else ("missing", "failed")
    weights = Weights(store.root)
    asked = [job.id for job in grid.jobs if state.states[job.id] in wanted]
    if for_weights:
        kept = (job.id for job in grid.jobs if keeps_weights(job, config))
        asked += [id for id in kept if weights.find(id, CLASSIFIER) is None]
    todo = _todo(grid, asked, weights, {id for id, it in state.states.items() if it == "stale"})
    estimate = _estimate(config, grid, store, counting) if todo else Estimate(worker_count(config))
    known = [job for job in grid.jobs if todo and state.states[job.id] in ("done", "stale")]
    for job in known:
        if _made_near(summaries[job.id]) and not _made_here(summaries[job.id]):
            estimate.learn_elsewhere(job, summaries[job.id].seconds)
    for job in known:
        if _made_here(took := summaries[job.id]):
            estimate.learn(job, (clock == "processor" and took.processor_seconds) or took.seconds)
    return Plan(grid, state, todo, estimate, tuple(weights.set_aside))


def left_undone(plan: Plan, store: Store) -> list[tuple[Job, State]]:
    """Return what has no record of today's code after a run, with its state; of stages only what others lack counts.

    Records are read for it: one may have lost its content, and not the size and time by which its summary is known.
    """
    now = standing(plan.grid, store.summaries())
    undone: list[tuple[Job, State]] = []
    for job in plan.grid.jobs:
        state = now.states[job.id]
        if state == "done" and job.kind != "stage" and store.get(job.id) is None:
            state = "missing"
        if state != "done" and job.kind != "stage":
            undone.append((job, state))
    return undone


def _made_here(summary: Summary) -> bool:
    """Return whether a record may be of a device like this one."""
    return summary.device_name in ("", device_name())


def _made_near(summary: Summary) -> bool:
    """Return whether a record is of a processor where this is one, or of a GPU where this is one.

    What one of the two takes says little of the other: a translator gains more by a GPU than a short fit does.
    """
    return summary.device in ("", _kind_of_device())


@cache
def _kind_of_device() -> str:
    return "cuda" if has_cuda() else "cpu"


def _todo(grid: Grid, wanted: Iterable[str], weights: Weights, stale: Collection[str]) -> tuple[Job, ...]:
    """Return the wanted jobs and those that make artifacts they lack; of stages, only what others lack."""
    jobs = {job.id: job for job in grid.jobs}
    asked = set(wanted)
    behind = set(stale)  # and what rests on it
    for job in grid.jobs:  # which stand after those they need
        if any(need.id in behind for need in job.needs):
            behind.add(job.id)
    waiting = [job for job in grid.jobs if job.id in asked and job.kind != "stage"]
    found = {job.id for job in waiting}
    there: dict[tuple[str, str], bool] = {}
    while waiting:
        for need in waiting.pop().needs:
            artifact = need.id, need.file
            if artifact not in there:
                current = need.id not in asked and need.id not in behind
                there[artifact] = current and weights.find(*artifact) is not None
            if not there[artifact] and need.id not in found:
                found.add(need.id)
                waiting.append(jobs[need.id])
    return tuple(job for job in grid.jobs if job.id in found)


def _estimate(config: Config, grid: Grid, store: Store, counting: bool) -> Estimate:
    counted = Counted(config.paths.cache / "operations.json", counting)
    reference = reference_summaries(store.root, config.paths.cache / "reference-index")
    elsewhere = _elsewhere(config, grid, reference, counted)
    protocol = config.profile.protocol(config.run.datasets[0])
    measured = speed(config.paths.cache / "speed.json", protocol, counting)
    paces = Paces(config.paths.cache / "speed.json", partial(_settings, config), counting, measured)
    estimate = Estimate(worker_count(config), elsewhere, counted, measured, paces.of)
    for job in grid.jobs if counting else ():
        counted.of(job)
        if job.kind in TRAINED and job.needs:
            counted.own(job)
    counted.save()
    return estimate


def _settings(config: Config, dataset: str, stage: str) -> Mapping[str, object]:
    return stage_settings(config.profile, dataset, stage)


def _elsewhere(config: Config, grid: Grid, reference: Mapping[str, Summary], counted: Counted) -> Estimate | None:
    """Return what jobs took on other machines, None where there is no record of such a job.

    A dataset that nobody has records of is judged by jobs on the others.
    """
    done = {id: it for id, it in reference.items() if it.status == "done" and _made_near(it)}
    there, asked = {it.dataset for it in done.values()}, {job.task.dataset for job in grid.jobs}
    jobs = [*grid.jobs]
    if asked - there:
        for name in sorted(there - asked):
            with suppress(UserError):  # a folder that this configuration does not know, say
                other = config.run.model_copy(update={"datasets": (name,), "minority": ()})
                jobs += build_grid(config.model_copy(update={"run": other})).jobs
    known = [job for job in jobs if job.id in done]
    estimate = Estimate(1, counted=counted)
    for job in known:
        estimate.learn(job, done[job.id].seconds)
    return estimate if known else None


def worker_count(config: Config) -> int:
    """Return the workers to use: the configured ones, else what the cores have threads for, at most a few on a GPU."""
    if config.run.executor == "inline":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fitting = max(1, cores // config.profile.threads)
    return config.run.workers or (min(fitting, ON_ONE_GPU) if has_cuda() else fitting)


def keeps_weights(job: Job, config: Config) -> bool:
    """Return whether bench.toml wants a fit's weights kept, for pictures that need them."""
    if job.kind != "fit" or job.streams != config.profile.streams(job.streams.order):
        return False
    places = {job.task.place, str(min(job.task.counts))}
    cells = [f"{job.task.dataset}/{place}/{job.method}/{job.streams.order}" for place in places]
    return any(fnmatchcase(cell, pattern) for cell in cells for pattern in config.run.keep_weights)
