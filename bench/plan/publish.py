"""What is published of a results folder: one dataset's records of one profile, whatever experiment they are from."""

from __future__ import annotations

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
    do threads, which vary for the noise of rounding. Stages and measurements belong to it by the grid, and by the fits
    that rest on them.
    """
    ours = _common(protocol_identity(config.profile.protocol(dataset)))
    wanted_anyway = {job.id for job in grid.jobs}
    found = {id: record for id, record in records.items() if record.status == "done"}
    fits = {id: it for id, it in found.items() if it.kind in TRAINED and _protocol(it) == ours}
    wanted = {id for id in found if id in wanted_anyway} | fits.keys()
    waiting = list(wanted)
    while waiting:
        for stage in found[waiting.pop()].identity.get("stages", ()):
            if stage in found and stage not in wanted:
                wanted.add(stage)
                waiting.append(stage)
    judged = {id for id, it in found.items() if it.kind == "measurement" and it.identity["of"] in wanted}
    return sorted(wanted | judged)


def _protocol(record: Record) -> dict[str, object]:
    return _common(record.identity.get("protocol", {}))


def _common(protocol: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in protocol.items() if name not in VARIED}
