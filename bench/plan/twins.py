"""Twins: a fit of the grid done once more on the processor of what it is compared with, beside an experiment.

Another processor gives other bits, which count as the same run (decision 0014). So a difference of two such fits holds
as much luck as one of two seeds; an audit, a control or a repeat must not be held against one (decision 0031).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bench.plan.job import Job
from bench.record import Record, digest

Pair = tuple[Job, Job]  # a fit of the grid, and the experiment's fit that is compared with it


def made_on(record: Record) -> str:
    """Return the processor or GPU that a record was made on, "" where it does not tell."""
    return record.environment.get("device_name", "")


def twin(job: Job, processor: str) -> Job:
    """Return the job that does a fit again on a processor; its record is of a kind of its own and enters no table."""
    identity = job.identity | {"kind": "twin", "processor": processor}
    return replace(job, id=digest(identity), identity=identity, kind="twin")


def twins(pairs: Iterable[Pair], record_of: Callable[[str], Record | None], here: str) -> list[Job]:
    """Return the twins that pairs lack: of each fit that was done elsewhere whose partner is done, or to be done, here.

    Parameters
    ----------
    record_of
        Finds a record by its id.
    here
        The processor or GPU of this run.
    """
    found: dict[str, Job] = {}
    for fit, experiment in pairs:
        stored, partner = (record_of(job.id) for job in (fit, experiment))
        if stored is None or stored.status == "failed":
            continue  # it is still to be done, here
        of = made_on(partner) if partner is not None and partner.status == "done" else here
        if of == here != made_on(stored):
            again = twin(fit, here)
            found[again.id] = again
    return list(found.values())


def alike(job: Job, other: Record, record_of: Callable[[str], Record | None]) -> Record | None:
    """Return the record of a fit, or else its twin, that was made on the processor of `other`; None if neither was."""
    for record in (record_of(job.id), record_of(twin(job, made_on(other)).id)):
        if record is not None and made_on(record) == made_on(other):
            return record
    return None
