"""What a worker does with one job: claim it, open the images, fit, store the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import registry
from bench.compose import compose
from bench.composition import Composition
from bench.device import Device
from bench.environment import environment
from bench.errors import ConfigError, TrainingDiverged
from bench.fit import Fitted, fit
from bench.grid import Job
from bench.identity import fit_code
from bench.parts import open_parts
from bench.record import Record
from bench.store import Store
from bench.work import Answer, Busy, Done, Failure, Reused


@dataclass(frozen=True)
class Bench:
    """What all jobs of a run share: the store's folder and what is needed to build methods in a fresh process."""

    results: Path
    plugins: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A job with the decoded images it reads, the code it runs, and whether an existing record is to be replaced.

    `caches` and `whole` are by part: the file of decoded images, and how many of each class it holds.
    """

    job: Job
    caches: Mapping[str, Path]
    whole: Mapping[str, tuple[int, ...]]
    code: Mapping[str, str]
    replace: str = ""  # "failed", or a code digest: such a record is replaced


def work(bench: Bench, order: Order) -> Answer:
    """Do one fit unless its record exists or another runner is at it.

    A loss that diverges is stored as a failed record; so is any error of a method, by way of `failed_record`.
    """
    store = Store(bench.results)
    with store.claim(order.job.id) as mine:
        if not mine:
            return Busy()
        if (found := store.get(order.job.id)) and not _replaceable(found, order.replace):
            return Reused(found.status)
        registry.load(bench.plugins)
        method = compose(order.job.method, bench.allowed)
        if fit_code(method) != order.code:
            raise ConfigError("the code has changed since this run began; run the same command again")
        record = perform(method, order)
        keep(store, record)
        return Done(record.status)


def keep(store: Store, record: Record) -> None:
    """Store a record, unless it is a failure where a success is stored already: that one is kept."""
    found = store.get(record.id) if record.status == "failed" else None
    if found is None or found.status == "failed":
        store.save(record)


def perform(method: Composition, order: Order) -> Record:
    """Fit and return the record, done or failed."""
    job, device = order.job, Device.best()
    parts = open_parts(order.caches, order.whole, job.task, job.protocol, job.streams)
    try:
        fitted = fit(method, parts, job.protocol, job.streams, device)
    except TrainingDiverged as error:
        return failed_record(order, Failure("TrainingDiverged", str(error), epoch=error.epoch))
    return _record(order, fitted, device)


def failed_record(order: Order, failure: Failure) -> Record:
    """Return the record of a fit that did not end well."""
    return Record(
        id=order.job.id,
        identity=order.job.identity,
        code=dict(order.code),
        status="failed",
        error=str(failure),
        failed_epoch=failure.epoch,
        environment=environment(Device.best()),
        finished=_now(),
    )


def _record(order: Order, fitted: Fitted, device: Device) -> Record:
    return Record(
        id=order.job.id,
        identity=order.job.identity,
        code=dict(order.code),
        status="done",
        validation=fitted.validation,
        test=fitted.test,
        selected_epoch=fitted.selected_epoch,
        history=fitted.history,
        cost=fitted.cost,
        environment=environment(device),
        finished=_now(),
    )


def _replaceable(record: Record, replace: str) -> bool:
    return replace == ("failed" if record.status == "failed" else record.code_digest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
