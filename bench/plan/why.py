"""Why a cell is what it is: its identity, its state, and how it differs from the nearest record there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bench.errors import UserError
from bench.plan.config import Config
from bench.plan.grid import Cell, build_grid
from bench.plan.identity import differences
from bench.plan.job import Job
from bench.plan.jobcode import code_of
from bench.plan.places import read_imbalance
from bench.plan.state import state_of
from bench.record import Record, digest
from bench.store.store import Store

NEAREST = 3


def explain(cell: str, config: Config, stores: Sequence[Store]) -> dict[str, Any]:
    """Return what `imbench why` shows, as JSON values.

    Parameters
    ----------
    cell
        `DATASET/PLACE/METHOD/SEED`, or the id of a record or of a fit of the grid (its first digits are enough).
    stores
        Where the record is looked for, in this order.

    Raises
    ------
    UserError
        There is no such cell or record.
    """
    if "/" not in cell:
        return _explain_id(cell, stores)
    found, job = cell_named(cell, config)
    if job is None:
        return {"cell": cell, "state": "not applicable", "reason": found.not_applicable}
    holder = next((store for store in stores if store.get(job.id)), stores[0])
    return {"cell": cell} | _explain_job(job, holder)


def cell_named(cell: str, config: Config) -> tuple[Cell, Job | None]:
    """Return the cell that DATASET/PLACE/METHOD/SEED names, and the job of its fit, None where it does not apply.

    Raises
    ------
    UserError
        It is not of that form, or names what does not exist.
    """
    parts = cell.split("/")
    if len(parts) != 4 or not re.fullmatch("[0-9]{1,9}", parts[3]):
        raise UserError(f"{cell!r} is not DATASET/PLACE/METHOD/SEED, such as horse2zebra/25/CS/0")
    dataset, place, expression, seed = parts[0], parts[1], parts[2], int(parts[3])
    read_imbalance(place)
    asked = {"datasets": (dataset,), "methods": (expression,), "minority": (), "at": (place,)}
    alone = {"seeds": seed + 1, "translators": 1, "subset_methods": ()}
    run = config.run.model_copy(update=asked | alone)
    grid = build_grid(config.model_copy(update={"run": run}))
    found = next(cell for cell in grid.cells if cell.seed == seed and not cell.translator)
    return found, next((job for job in grid.jobs if job.id == found.fit), None)


def _explain_job(job: Job, store: Store) -> dict[str, Any]:
    code, record = code_of(job), store.get(job.id)
    shown: dict[str, Any] = {"record": job.id, "state": state_of(store.summaries().get(job.id), digest(code))}
    if record is None:
        shown["nearest records"] = _nearest(job, store)
    else:
        shown |= {"in": str(store.root)} | _facts(record)
        shown["changed code"] = list(differences(code, record.code)) or ["none"]
    return shown | {"identity": job.identity}


def _explain_id(id: str, stores: Sequence[Store]) -> dict[str, Any]:
    matching = {known: store for store in reversed(stores) for known in store.summaries() if known.startswith(id)}
    if len(matching) != 1:
        places = " and ".join(str(store.root) for store in stores)
        raise UserError(f"{len(matching)} records in {places} have an id that starts with {id!r}")
    ((known, store),) = matching.items()
    record = store.get(known)
    if record is None:
        raise UserError(f"{known}: its record in {store.root} is damaged; `imbench status` names the file")
    facts = {"record": record.id, "in": str(store.root)} | _facts(record)
    return facts | {"code": record.code, "identity": record.identity}


def _facts(record: Record) -> dict[str, Any]:
    facts: dict[str, Any] = {"outcome": record.status, "finished": record.finished}
    if record.status == "failed":
        return facts | {"error": record.error, "environment": record.environment}
    return facts | {
        "selected epoch": record.selected_epoch,
        "seconds": round(record.cost.seconds, 1),
        "environment": record.environment,
    }


def _nearest(job: Job, store: Store) -> list[str]:
    """Return the stored records of the dataset that differ in the fewest fields, and those fields."""
    same = [id for id, summary in store.summaries().items() if summary.dataset == job.task.dataset]
    found = []
    for id in same:
        if record := store.get(id):
            fields = list(differences(job.identity, record.identity))
            found.append((len(fields), id, fields))
    lines = [f"{id}: {'; '.join(fields)}" for _, id, fields in sorted(found)[:NEAREST]]
    return lines or [f"{store.root} has no record of {job.task.dataset}"]
