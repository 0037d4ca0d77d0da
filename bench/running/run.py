"""One run: from a Config to records in the store, resuming what an earlier run left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex

from bench import written
from bench.data.cache import prepare
from bench.data.manifest import Progress
from bench.data.splits import keep_split
from bench.dataset import Dataset, Split
from bench.networks.network import network_of
from bench.plan.config import Config, Profile
from bench.plan.grid import dataset_named
from bench.plan.job import TRAINED, Job, bare
from bench.running.executors import Workers, open_workers
from bench.running.graph import Node
from bench.running.handshake import Greeting, answer, own_copy, own_files, refusal
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
from bench.training.heap import kept_heap

# What jobs read, by the name they ask for it: the part of the split that it is, and the protocol's field of its size.
FITTED = {"train": ("train", "load_size"), "val": ("val", "image_size"), "test": ("test", "image_size")}
EXTENDED = {"extended": ("extended", "image_size")}
FOR_JUDGES = ("judging", "annotator", "spare")  # the first of these that a split has is what judges learn from
COMPARED = {"reference": ("judging", "image_size")}  # what distances are measured from: at the size of what is judged


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
    orders = {order.job.id: order for order in make_orders(config, plan)}
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
        nodes = [_node(bench, order, orders.keys(), costs[order.job.id], config) for order in orders.values()]
        plan.estimate.workers = workers.count
        receipts = Receipts(store, orders)

        def follow(event: Event) -> None:
            ended = event.outcome
            if ended and ended.failure and ended.state == "failed" and ended.value != "failed":  # else it is stored
                _store_failure(store, orders[event.node.id], ended.failure)
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
    copy, files = (own_copy(), "") if workers.elsewhere else (None, own_files())
    greeting = Greeting(store.root.resolve(), mark, copy, files)
    for name, found in workers.ask(partial(answer, greeting)).items():
        if isinstance(found, BaseException):
            raise refusal(name, f"it cannot answer ({type(found).__name__}: {found}); is its copy of the suite ours?")
        if found:
            raise refusal(name, str(found))
    return greeting


def _node(bench: Bench, order: Order, planned: Collection[str], seconds: float, config: Config) -> Node:
    job = order.job
    needs = tuple(dict.fromkeys(need.id for need in job.needs if need.id in planned))
    alone = job.kind in TRAINED and job.protocol.threads > config.profile.threads
    return Node(job.id, partial(work, bench, order), needs, seconds, job.label, alone)


def make_orders(config: Config, plan: Plan) -> list[Order]:
    """Decode what the plan's jobs read, once, and return their orders."""
    datasets = {name: dataset_named(name, config) for name in dict.fromkeys(job.task.dataset for job in plan.todo)}
    caches, splits, reads = {}, {}, {}
    for name, dataset in datasets.items():
        keep_split(dataset)
        jobs = [job for job in plan.todo if job.task.dataset == name]
        judged = any(map(_of_the_whole, jobs))
        splits[name] = dataset.split() if judged else leading_split(dataset.split(), jobs, config.profile)
        reads[name] = _reads(splits[name], jobs)
        with counting(f"{name}: decoding") as display:
            caches[name] = decode(dataset, config, display, jobs, splits[name])
    on_features = dict.fromkeys(job.task.dataset for job in plan.todo if _on_features(job))
    seen = {name: _features(name, config, caches[name]) for name in on_features}
    wholes = {
        name: {asked: splits[name].counts(part) for asked, (part, _) in wanted.items()}
        for name, wanted in reads.items()
    }
    needed = {need.id for job in plan.todo for need in job.needs if need.fit is not None}
    orders = []
    for job in plan.todo:
        name, replaced = job.task.dataset, plan.standing.finished.get(job.id)
        code, keep = plan.standing.code[job.id], job.id in needed or keeps_weights(job, config)
        files = seen[name] if _on_features(job) else caches[name]
        stamps = {part: written(path) for part, path in files.items()}
        orders.append(Order(bare(job), files, wholes[name], code, replaced, keep, stamps))
    return orders


def _on_features(job: Job) -> bool:
    """Return whether a job sees the features of a frozen body instead of images."""
    return job.kind in TRAINED and bool(network_of(job.protocol.backbone).views)


def _features(name: str, config: Config, caches: Mapping[str, Path]) -> Mapping[str, Path]:
    """Return the files of features of a dataset's decoded images, made where they are missing."""
    from bench.data.features import frozen_body, part_features  # needs torch, as planning does not

    frozen = frozen_body(config.profile.protocol(name), Device.best())
    fitted = {part: path for part, path in caches.items() if part in FITTED | EXTENDED}
    with kept_heap(), counting(f"{name}: features of {frozen.network.title}") as display:
        return part_features(fitted, frozen, config.paths.cache, display)


def leading_split(split: Split, jobs: Iterable[Job], profile: Profile) -> Split:
    """Return what jobs read of a split under a profile that cuts it to a few images: the leading ones of each class.

    So a smoke run decodes hundreds of images where a dataset has tens of thousands.
    """
    jobs, most = list(jobs), profile.eval_per_class
    if profile.majority_count is None or any(job.streams.subset for job in jobs):
        return split
    needed = [max(counts) for counts in zip(*(job.task.counts for job in jobs), strict=True)]
    parts = dict(split.parts)
    evaluated = [part for part in ("val", "test", "extended") if part in split.parts]
    for part, limits in (("train", needed), *((part, [most] * len(needed)) for part in evaluated)):
        cut = zip(split.classes, limits, strict=True)
        parts[part] = {label: split.parts[part][label][:limit] for label, limit in cut}
    return replace(split, parts=parts)


def decode(
    dataset: Dataset,
    config: Config,
    display: Progress | None = None,
    jobs: Sequence[Job] = (),
    split: Split | None = None,
) -> Mapping[str, Path]:
    """Return the files of decoded images of a dataset at the profile's sizes, made where they are missing.

    Parameters
    ----------
    jobs
        Those that make judges or let them judge want images for judges too.
    split
        What to decode; default: all that the dataset's split names.
    """
    protocol, split = config.profile.protocol(dataset.name), split or dataset.split()
    return {
        asked: prepare(dataset, split, part, getattr(protocol, size), config.paths.cache, display).resolve()
        for asked, (part, size) in _reads(split, jobs).items()
    }


def _reads(split: Split, jobs: Sequence[Job]) -> dict[str, tuple[str, str]]:
    """Return what is read of a split, for fits and for these jobs; judges learn from spare images at a pinch."""
    wanted = FITTED | (EXTENDED if "extended" in split.further else {})
    if any(map(_of_the_whole, jobs)):
        there = [part for part in FOR_JUDGES if any(split.counts(part))]
        wanted |= {"judging": (there[0], "load_size")} if there else {}
    if "judging" in split.further and any(job.kind == "measurement" for job in jobs):
        wanted |= COMPARED
    return wanted


def _of_the_whole(job: Job) -> bool:
    """Return whether a job is made of the whole split, as judges are."""
    return bool(job.call and job.call.build().whole_split)


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
