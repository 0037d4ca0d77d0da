"""One run: from a Config to records in the store, resuming what an earlier run left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex

from bench.data.cache import prepare
from bench.data.manifest import Progress
from bench.data.splits import keep_split
from bench.dataset import Dataset, Split
from bench.networks.network import network_of
from bench.plan.config import Config, Profile
from bench.plan.grid import dataset_named
from bench.plan.job import Job, bare
from bench.running.executors import Workers, open_workers
from bench.running.graph import Node
from bench.running.handshake import Greeting, answer, own_copy, refusal
from bench.running.planning import Plan, keeps_weights, worker_count
from bench.running.progress import counting, progress
from bench.running.receipts import Receipts
from bench.running.schedule import Event, Outcome
from bench.running.schedule import run as run_schedule
from bench.running.work import Failure
from bench.running.worker import Bench, Order, failed_record, work
from bench.store.leftovers import release
from bench.store.store import CLAIMS, Store
from bench.training.device import Device

PARTS_READ = {"train": "load_size", "val": "image_size", "test": "image_size"}
SPARE = {"spare": "load_size"}
EXTENDED = {"extended": "image_size"}


def run(config: Config, plan: Plan, store: Store) -> Counter[str]:
    """Do every job of a plan; return how many ended `done`, `reused` (another runner did it) or `failed`.

    Raises
    ------
    UserError
        Images, configuration or the results folder stand in the way.
    KeyboardInterrupt
        The user stopped it; what was finished is stored.
    """
    store.prepare()
    orders = {order.job.id: order for order in make_orders(config, plan, store)}
    costs = {job.id: plan.estimate.seconds(job) or 0.0 for job in plan.todo}
    mark, settings = f"runner-{token_hex(8)}", config.run
    with (
        _released(store),
        store.claim(mark),
        open_workers(
            settings.executor, worker_count(config), config.profile.threads, settings.scheduler, mark
        ) as workers,
        progress(plan.todo, plan.estimate) as display,
    ):
        bench = Bench(store.root.resolve(), _plugins(config), _welcomed(workers, store, mark))
        nodes = [_node(bench, order, orders.keys(), costs[order.job.id]) for order in orders.values()]
        plan.estimate.workers = workers.count
        receipts = Receipts(store, orders)

        def follow(event: Event) -> None:
            if event.outcome and event.outcome.failure and event.outcome.state == "failed":
                _store_failure(store, orders[event.node.id], event.outcome.failure)
            display.follow(event)

        outcomes = run_schedule(
            nodes, workers.make, workers.window, follow, confirm=receipts.missing, check=workers.check
        )
    return Counter(_ending(outcome) for outcome in outcomes.values())


@contextmanager
def _released(store: Store) -> Iterator[None]:
    """Delete the claims of workers that were killed when the run ended."""
    try:
        yield
    finally:
        release(store.root / CLAIMS)


def _plugins(config: Config) -> tuple[str, ...]:
    return tuple(str(Path(plugin).resolve()) for plugin in config.plugins)


def _welcomed(workers: Workers, store: Store, mark: str) -> Greeting:
    """Return what each worker has to find, after all that are there now have found it."""
    greeting = Greeting(store.root.resolve(), mark, own_copy() if workers.elsewhere else None)
    for name, found in workers.ask(partial(answer, greeting)).items():
        if isinstance(found, BaseException):
            raise refusal(name, f"it cannot answer ({type(found).__name__}: {found}); is its copy of the suite ours?")
        if found:
            raise refusal(name, str(found))
    return greeting


def _node(bench: Bench, order: Order, planned: Collection[str], seconds: float) -> Node:
    job = order.job
    needs = tuple(dict.fromkeys(need.id for need in job.needs if need.id in planned))
    return Node(job.id, partial(work, bench, order), needs, seconds, job.label)


def make_orders(config: Config, plan: Plan, store: Store) -> list[Order]:
    """Decode what the plan's jobs read, once, and return their orders."""
    summaries = store.summaries()
    datasets = {name: dataset_named(name, config) for name in dict.fromkeys(job.task.dataset for job in plan.todo)}
    judged = {job.task.dataset for job in plan.todo if job.call and job.call.build().whole_split}
    caches, splits = {}, {}
    for name, dataset in datasets.items():
        keep_split(dataset)
        jobs = [job for job in plan.todo if job.task.dataset == name]
        splits[name] = dataset.split() if name in judged else leading_split(dataset.split(), jobs, config.profile)
        with counting(f"{name}: decoding") as display:
            caches[name] = decode(dataset, config, display, name in judged, splits[name])
    on_features = dict.fromkeys(job.task.dataset for job in plan.todo if _on_features(job))
    seen = {name: _features(name, config, caches[name]) for name in on_features}
    wholes = {name: {part: split.counts(part) for part in caches[name]} for name, split in splits.items()}
    needed = {need.id for job in plan.todo for need in job.needs if need.fit is not None}
    orders = []
    for job in plan.todo:
        name, state = job.task.dataset, plan.standing.states[job.id]
        replaced = state if state in ("failed", "missing") else summaries[job.id].code_digest
        code, keep = plan.standing.code[job.id], job.id in needed or keeps_weights(job, config)
        files = seen[name] if _on_features(job) else caches[name]
        orders.append(Order(bare(job), files, wholes[name], code, replaced, keep))
    return orders


def _on_features(job: Job) -> bool:
    """Return whether a job sees the features of a frozen body instead of images."""
    return job.kind in ("fit", "audit") and bool(network_of(job.protocol.backbone).views)


def _features(name: str, config: Config, caches: Mapping[str, Path]) -> Mapping[str, Path]:
    """Return the files of features of a dataset's decoded images, made where they are missing."""
    from bench.data.features import frozen_body, part_features  # needs torch, as planning does not

    frozen = frozen_body(config.profile.protocol(name), Device.best())
    with counting(f"{name}: features of {frozen.network.title}") as display:
        return part_features(caches, frozen, config.paths.cache, display)


def leading_split(split: Split, jobs: Iterable[Job], profile: Profile) -> Split:
    """Return what jobs read of a split under a profile that cuts it to a few images: the leading ones of each class.

    So a smoke run decodes hundreds of images where a dataset has tens of thousands.
    """
    jobs, most = list(jobs), profile.eval_per_class
    if profile.majority_count is None or any(job.streams.subset for job in jobs):
        return split
    needed = [max(counts) for counts in zip(*(job.task.counts for job in jobs), strict=True)]
    parts = dict(split.parts)
    for part, limits in (("train", needed), ("val", [most] * len(needed)), ("test", [most] * len(needed))):
        cut = zip(split.classes, limits, strict=True)
        parts[part] = {label: split.parts[part][label][:limit] for label, limit in cut}
    return replace(split, parts=parts)


def decode(
    dataset: Dataset,
    config: Config,
    display: Progress | None = None,
    spare: bool = False,
    split: Split | None = None,
) -> Mapping[str, Path]:
    """Return the files of decoded images of a dataset at the profile's sizes, made where they are missing.

    Parameters
    ----------
    spare
        Whether the spare images are wanted too.
    split
        What to decode; default: all that the dataset's split names.
    """
    protocol, split = config.profile.protocol(dataset.name), split or dataset.split()
    read = PARTS_READ | SPARE if spare and any(split.counts("spare")) else PARTS_READ
    read = read | EXTENDED if "extended" in split.parts else read
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
    if outcome.state in ("failed", "blocked") or outcome.value == "failed":
        return "failed"
    return outcome.state  # reused is what another runner did meanwhile
