"""What is published of a results folder: one dataset's records of one profile, whatever experiment they are from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bench.plan.config import Config
from bench.plan.grid import Grid
from bench.plan.identity import protocol_identity
from bench.plan.job import TRAINED
from bench.record import Record
from bench.store.store import Store

VARIED = ("epochs", "threads")  # of a protocol, by experiments


def records_of(store: Store, dataset: str) -> dict[str, Record]:
    """Return the records of a dataset by id."""
    ids = [id for id, summary in store.summaries().items() if summary.dataset == dataset]
    return {id: record for id in ids if (record := store.get(id))}


def publishable(config: Config, records: Mapping[str, Record], dataset: str, grid: Grid) -> list[str]:
    """Return the ids of those of a dataset's records that are done in the Config's profile; `grid` is the dataset's.

    A fit, audit or twin belongs to the profile by its protocol; its epochs do not count, for a control has its own, nor
    do threads, which vary for the noise of rounding. Stages and measurements belong to it by the grid, by the fits that
    rest on them, and with each other: a measurement with its judges, a stage with what judges it or goes on from it.
    """
    ours = _common(protocol_identity(config.profile.protocol(dataset)))
    found = {id: record for id, record in records.items() if record.status == "done"}
    made_of = _made_of(found)
    waiting = [job.id for job in grid.jobs]
    waiting += (id for id, it in found.items() if it.kind in TRAINED and _protocol(it) == ours)
    wanted: set[str] = set()
    while waiting:
        id = waiting.pop()
        if id in found and id not in wanted:
            wanted.add(id)
            waiting += [*_rests_on(found[id]), *made_of[id]]
    return sorted(wanted)


def _rests_on(record: Record) -> tuple[str, ...]:
    return *record.identity.get("stages", ()), *record.identity.get("judges", ())


def _made_of(found: Mapping[str, Record]) -> dict[str, list[str]]:
    """Return what judges a record or is a stage that goes on from it, by the record's id."""
    made: dict[str, list[str]] = defaultdict(list)
    for id, it in found.items():
        if it.kind == "measurement":
            made[it.identity["of"]].append(id)
        elif it.kind == "stage":
            for before in it.identity.get("stages", ()):
                made[before].append(id)
    return made


def _protocol(record: Record) -> dict[str, object]:
    return _common(record.identity.get("protocol", {}))


def _common(protocol: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in protocol.items() if name not in VARIED}
