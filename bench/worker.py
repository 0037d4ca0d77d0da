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
from bench.errors import ConfigError
from bench.fit import fit
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

    What a method raises, a diverging loss too, leaves as an exception; the run stores it as a `failed_record`.

    Raises
    ------
    ConfigError
        The code is not that of the order.
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
        store.save(perform(method, order))
        return Done("done")


def perform(method: Composition, order: Order) -> Record:
    """Fit and return the record."""
    job, device = order.job, Device.best()
    parts = open_parts(order.caches, order.whole, job.task, job.protocol, job.streams)
    fitted = fit(method, parts, job.protocol, job.streams, device)
    return Record(
        id=job.id,
        identity=job.identity,
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


def _replaceable(record: Record, replace: str) -> bool:
    return replace == ("failed" if record.status == "failed" else record.code_digest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
