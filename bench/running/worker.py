"""What a worker does with one job: claim it, open images and artifacts, do the work, store the record."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bench import Stamp, registry, written
from bench.data.material import open_material, open_reference
from bench.data.parts import open_parts
from bench.errors import ConfigError, StoreError, Terminated, TrainingDiverged, UserError, printable
from bench.plan.job import Job, Need
from bench.plan.jobcode import check_code, check_read
from bench.plan.needs import REGULARISER
from bench.record import Cost, Packed, Record, digest
from bench.running.environment import device_name, environment
from bench.running.handshake import Greeting, greet, must_see, of_worker
from bench.running.stopping import EVERYBODY, asked, interruptible
from bench.running.work import Answer, Busy, Done, Failure, Reused, telling
from bench.stage import Material, Reads, Request, Tensors
from bench.store.artifacts import CLASSIFIER, Weights
from bench.store.store import Store
from bench.streams import Streams
from bench.training.composition import build
from bench.training.device import Device
from bench.training.fit import Parts, Sealed, fit
from bench.training.frozen import frozen_classifier
from bench.watching.reading import sources_read
from bench.watching.untouched import untouched

HISTORY_DIGITS = 7  # of a figure of one epoch, in decimal


@dataclass(frozen=True)
class Bench:
    """What all jobs of a run share: the store's folder and what is needed to build methods in a fresh process."""

    results: Path
    plugins: tuple[str, ...]
    greeting: Greeting | None = None  # of the runner, which a worker answers before its first job


@dataclass(frozen=True)
class Order:
    """A job with the decoded images it reads, the code it runs, and whether an existing record is to be replaced.

    `caches`, `whole` and `stamps` are by part: the file of decoded images, how many of each class it holds, and the
    file's `written` when its content was verified.
    """

    job: Job
    caches: Mapping[str, Path]
    whole: Mapping[str, tuple[int, ...]]
    code: Mapping[str, str]
    replaces: str | None = None  # when the record was finished that is to be replaced: one made since is taken
    keep_weights: bool = False
    stamps: Mapping[str, Stamp] = field(default_factory=dict)


def work(bench: Bench, order: Order) -> Answer:
    """Do one job unless its record exists or another runner is at it.

    What a method raises, a diverging loss too, leaves as an exception; the run stores it as a `failed_record`. So does
    a change of what other jobs of this process compute with.

    Raises
    ------
    ConfigError
        The code is not that of the order, or this worker is not where the runner can read what it stores.
    StoreError
        Decoded images are not those that were verified when the run began.
    """
    greet(bench.greeting)
    mark = bench.greeting.mark if bench.greeting else EVERYBODY
    if asked(mark):
        raise Terminated
    store = Store(bench.results)
    with store.claim(order.job.id) as mine:
        if not mine:
            return Busy()
        if (found := store.get(order.job.id)) and found.finished != order.replaces:
            return Reused(found.status)
        must_see(bench.greeting, order.caches.values())
        try:
            registry.load(bench.plugins)
            check_code(order.job, order.code)
        except ConfigError as error:
            raise of_worker(bench.greeting, error) from None
        loaded = {*sys.modules}
        weights = Weights(bench.results)
        started = time.process_time()
        with telling(order.job.label, weights.set_aside):
            _require_same_images(order)
            with untouched(), sources_read() as read:
                record = perform(order, weights, mark)
            _require_same_images(order)  # they are mapped into memory: what is written to the file meanwhile is seen
            took = {"processor_seconds": 0.0 if weights.went_on else time.process_time() - started}
            record = record.model_copy(update={"cost": record.cost.model_copy(update=took)})
            check_code(order.job, order.code, loaded)  # what was imported only now must not be of a later edit
            if bench.plugins:  # else no method is a user's: a warning shows a line of whoever called this, say
                check_read(order.job, read)
            store.save(record)
        notes = tuple(f"set aside, begun again without it: {path}" for path in weights.set_aside)
        return Done("done", notes, record.cost.seconds)


def _require_same_images(order: Order) -> None:
    for part, stamp in order.stamps.items():
        if written(order.caches[part]) != stamp:
            raise StoreError(f"{order.caches[part]} has changed since this run began; run the same command again")


def perform(order: Order, weights: Weights, mark: str = EVERYBODY) -> Record:
    """Do the work and return the record; artifacts are on disk by then."""
    job, device = order.job, Device.best()
    common = {
        "id": job.id,
        "identity": job.identity,
        "code": dict(order.code),
        "status": "done",
        "environment": environment(device),
    }
    needed = opened(job, weights, device)
    if job.kind == "stage":
        return Record(**common, **_make(order, needed, weights, device, mark), finished=_now())
    if job.kind == "measurement":
        return Record(**common, **_measure(order, needed, device), finished=_now())
    if job.kind == "twin" and job.identity["processor"] != device_name():
        raise ConfigError(f"{job.label}: it is to be done on {job.identity['processor']}, this is {device_name()}")
    assert job.expression is not None
    method = build(job.expression)
    parts = open_parts(order.caches, order.whole, job.task, job.protocol, job.streams)
    if job.kind == "audit":  # what nobody should do: the epoch is picked on the test set
        test = parts.test.open()
        parts = Parts(parts.train, test, Sealed(test))
    fitted = fit(method, parts, job.protocol, job.streams, device, _by_request(needed))
    for name, tensors in fitted.artifacts.items():
        weights.save(job.id, tensors, name)
    if order.keep_weights or weights.find(job.id, CLASSIFIER) is not None:  # else those of the replaced record stay
        weights.save(job.id, fitted.weights, CLASSIFIER)
    return Record(
        **common,
        validation=fitted.validation,
        test=fitted.test,
        extended=fitted.extended,
        selected_epoch=fitted.selected_epoch,
        chosen=fitted.chosen,
        history=[_short(row) for row in fitted.history],
        cost=fitted.cost,
        finished=_now(),
    )


def opened(job: Job, weights: Weights, device: Device) -> dict[Need, Any]:
    """Return the artifacts that a job needs.

    Raises
    ------
    StoreError
        One is missing or damaged.
    """
    return {need: _open(need, weights.load(need.id, need.file), job, device) for need in job.needs}


def _open(need: Need, tensors: Tensors, job: Job, device: Device) -> Any:
    if need.fit is not None:
        assert need.fit.expression is not None
        return frozen_classifier(
            build(need.fit.expression), need.fit.protocol, len(need.fit.task.counts), tensors, device
        )
    return need.stage.build().open(tensors, job.task.counts, device)


def _make(order: Order, needed: Mapping[Need, Any], weights: Weights, device: Device, mark: str) -> dict[str, Any]:
    """Make a stage's artifact, going on from its checkpoint if there is one; return the record's fields."""
    job, started = order.job, time.perf_counter()
    assert job.call is not None
    kept = weights.checkpoint(job.id, digest(dict(order.code)))
    train, judging = open_material(order.caches, order.whole, job.task)
    with device.session(job.protocol), interruptible(kept, mark) as checkpoint:
        stage = job.call.build()
        seen = Reads(job.protocol, stage.reads, job.call.name)
        material = Material(train, judging, seen, job.streams, device, _by_request(needed), checkpoint)
        try:
            made = stage.make(material)
        except (UserError, TrainingDiverged):
            raise
        except Exception:  # whatever it is, it may be the state's fault: then the training begins again without it
            if not kept.loaded:
                raise
            kept.set_aside()
            made = stage.make(material)
        cost = Cost(
            seconds=sum(row["seconds"] for row in made.history if "seconds" in row) or time.perf_counter() - started,
            train_images=len(train),
            flops=made.flops,
            peak_memory_bytes=device.peak_memory(),
        )
    weights.save(job.id, made.tensors)
    kept.remove()
    return {"history": [_short(row) for row in made.history], "cost": cost}


def _measure(order: Order, needed: Mapping[Need, Any], device: Device) -> dict[str, Any]:
    """Judge a translator or a generator; return the record's fields."""
    from bench.judging.measurement import measure  # it imports scipy's statistics, a quarter of a worker's start

    job, started, reference = order.job, time.perf_counter(), open_reference(order.caches, order.whole)
    parts = open_parts(order.caches, order.whole, job.task, job.protocol, Streams())
    by_role = {need.role: artifact for need, artifact in needed.items()}
    translator, regulariser = by_role.pop("translator"), by_role.pop(REGULARISER, None)
    settings = next(need.stage.settings for need in needed if need.role in by_role)
    most = settings.get("judged_per_class")
    with device.session(job.protocol):
        measured = measure(
            translator, list(by_role.values()), parts, device, reference, cast("int | None", most), regulariser
        )
    answers = {name: Packed.of(values) for name, values in measured.answers.items()}
    return {"figures": measured.figures, "answers": answers, "cost": Cost(seconds=time.perf_counter() - started)}


def _by_request(needed: Mapping[Need, Any]) -> dict[Request, Any]:
    return {need.request: artifact for need, artifact in needed.items()}


def _short(row: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.{HISTORY_DIGITS}g}") for name, value in row.items()}


def failed_record(order: Order, failure: Failure) -> Record:
    """Return the record of a fit that did not end well."""
    return Record(
        id=order.job.id,
        identity=order.job.identity,
        code=dict(order.code),
        status="failed",
        error=printable(str(failure)),  # a name of a file in it may be no text
        failed_epoch=failure.epoch,
        environment=environment(Device.best()),
        finished=_now(),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
