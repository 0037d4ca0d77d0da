"""One run: from a Config to records in the store, resuming what an earlier run left."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from bench.data.cache import prepare
from bench.data.manifest import Progress
from bench.data.splits import keep_split
from bench.dataset import Dataset
from bench.errors import UserError
from bench.plan.config import Config
from bench.plan.estimate import Estimate, operations
from bench.plan.grid import Grid, build_grid, dataset_named
from bench.plan.job import Job
from bench.plan.state import Standing, State, standing
from bench.running.executors import open_workers
from bench.running.graph import Node
from bench.running.progress import counting, progress
from bench.running.schedule import Event, Outcome
from bench.running.schedule import run as run_schedule
from bench.running.work import Failure
from bench.running.worker import Bench, Order, failed_record, work
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.store import REFERENCE, Store
from bench.streams import Streams
from bench.training.device import Device

ON_ONE_GPU = 4  # not measured: small fits leave a GPU idle, many processes wait for each other
PARTS_READ = {"train": "load_size", "val": "image_size", "test": "image_size"}
SPARE = {"spare": "load_size"}


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
    config: Config, store: Store, redo_stale: bool = False, grid: Grid | None = None, for_weights: bool = False
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
    elsewhere = _elsewhere(config, grid, Store(store.root / REFERENCE, read_only=True)) if todo else None
    estimate = Estimate(worker_count(config), elsewhere)
    for job in grid.jobs:
        if state.states[job.id] in ("done", "stale"):
            estimate.learn(job, summaries[job.id].seconds)
    return Plan(grid, state, todo, estimate, tuple(weights.set_aside))


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


def _elsewhere(config: Config, grid: Grid, reference: Store) -> Estimate | None:
    """Return what jobs took on other machines, None where there is no record of such a job.

    A dataset that nobody has records of is judged by jobs on the others.
    """
    done = {id: it for id, it in reference.summaries().items() if it.status == "done"}
    there, asked = {it.dataset for it in done.values()}, {job.task.dataset for job in grid.jobs}
    jobs = [*grid.jobs]
    if asked - there:
        for name in sorted(there - asked):
            with suppress(UserError):  # a folder that this configuration does not know, say
                other = config.run.model_copy(update={"datasets": (name,), "minority": ()})
                jobs += build_grid(config.model_copy(update={"run": other})).jobs
    known = [job for job in jobs if job.id in done]
    estimate = Estimate(1)
    for job in known:
        estimate.learn(job, done[job.id].seconds)
    return estimate if known else None


def worker_count(config: Config) -> int:
    """Return the workers to use: the configured ones, else what the cores have threads for, at most a few on a GPU."""
    if config.run.executor == "inline":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fitting = max(1, cores // config.profile.threads)
    return config.run.workers or (min(fitting, ON_ONE_GPU) if Device.best().is_cuda else fitting)


def run(config: Config, plan: Plan, store: Store) -> Counter[str]:
    """Do every job of a plan; return how many ended `done` or `failed`.

    Raises
    ------
    UserError
        Images, configuration or the results folder stand in the way.
    KeyboardInterrupt
        The user stopped it; what was finished is stored.
    """
    store.prepare()
    orders = {order.job.id: order for order in make_orders(config, plan, store)}
    plugins = tuple(str(Path(plugin).resolve()) for plugin in config.plugins)
    bench = Bench(store.root.resolve(), plugins)
    nodes = [_node(bench, order, orders.keys()) for order in orders.values()]
    settings = config.run
    with (
        open_workers(settings.executor, worker_count(config), config.profile.threads, settings.scheduler) as workers,
        progress(plan.todo, plan.estimate) as display,
    ):
        plan.estimate.workers = workers.count

        def follow(event: Event) -> None:
            if event.outcome and event.outcome.failure and event.outcome.state == "failed":
                _store_failure(store, orders[event.node.id], event.outcome.failure)
            display.follow(event)

        outcomes = run_schedule(nodes, workers.make, workers.window, follow)
    return Counter(_ending(outcome) for outcome in outcomes.values())


def _node(bench: Bench, order: Order, planned: Collection[str]) -> Node:
    job = order.job
    needs = tuple(dict.fromkeys(need.id for need in job.needs if need.id in planned))
    return Node(job.id, partial(work, bench, order), needs, operations(job), job.label)


def make_orders(config: Config, plan: Plan, store: Store) -> list[Order]:
    """Decode what the plan's jobs read, once, and return their orders."""
    summaries = store.summaries()
    datasets = {name: dataset_named(name, config) for name in dict.fromkeys(job.task.dataset for job in plan.todo)}
    judged = {job.task.dataset for job in plan.todo if job.call and job.call.build().whole_split}
    caches = {}
    for name, dataset in datasets.items():
        keep_split(dataset)
        with counting(f"{name}: decoding") as display:
            caches[name] = decode(dataset, config, display, spare=name in judged)
    wholes = {name: {part: dataset.split().counts(part) for part in caches[name]} for name, dataset in datasets.items()}
    needed = {need.id for job in plan.todo for need in job.needs if need.fit is not None}
    orders = []
    for job in plan.todo:
        name, state = job.task.dataset, plan.standing.states[job.id]
        replace = state if state in ("failed", "missing") else summaries[job.id].code_digest
        code, keep = plan.standing.code[job.id], job.id in needed or keeps_weights(job, config)
        orders.append(Order(job, caches[name], wholes[name], code, replace, keep))
    return orders


def keeps_weights(job: Job, config: Config) -> bool:
    """Return whether bench.toml wants a fit's weights kept, for pictures that need them."""
    if job.kind != "fit" or job.streams != Streams.of(job.streams.order):
        return False
    places = {job.task.place, str(min(job.task.counts))}
    cells = [f"{job.task.dataset}/{place}/{job.method}/{job.streams.order}" for place in places]
    return any(fnmatchcase(cell, pattern) for cell in cells for pattern in config.run.keep_weights)


def decode(
    dataset: Dataset, config: Config, display: Progress | None = None, spare: bool = False
) -> Mapping[str, Path]:
    """Return the files of decoded images of a dataset at the profile's sizes, made where they are missing."""
    protocol, split = config.profile.protocol(dataset.name), dataset.split()
    read = PARTS_READ | SPARE if spare and any(split.counts("spare")) else PARTS_READ
    return {
        part: prepare(dataset, split, part, getattr(protocol, size), config.paths.cache, display).resolve()
        for part, size in read.items()
    }


def _store_failure(store: Store, order: Order, failure: Failure) -> None:
    """Store that a fit failed, unless a success is stored already (a stale one, say): that one is kept."""
    with store.claim(order.job.id) as mine:
        found = store.get(order.job.id)
        if mine and (found is None or found.status == "failed"):
            store.save(failed_record(order, failure))


def _ending(outcome: Outcome) -> str:
    return "failed" if outcome.state in ("failed", "blocked") or outcome.value == "failed" else "done"
