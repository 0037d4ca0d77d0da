"""The tidy frame: one row per cell with its state and figures, from which every table is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from bench.analysis.decisions import DecideOf, RecordOf, figures_of
from bench.analysis.metrics import METRICS, PER_CLASS, commonest, rarest
from bench.analysis.spots import Place
from bench.errors import told
from bench.plan.grid import Cell
from bench.record import Record

KEYS = ("task", "minority_count", "method", "seed", "profile", "status")
FIGURES = tuple(METRICS)
FACTS = (
    "seconds",
    "selected_epoch",
    "minority",
    "majority",
    "majority_count",
    "place",
    "counts",
    "classes",
    "gamma",
    "chosen",
    "validation_images",
    "test_images",
    "image_size",
    "epochs",
    "epoch",
    "selection",
    "record",
    "translator",
    "error",
)
WHOLE = ("selected_epoch", "validation_images", "image_size", "epochs")  # integers that a row may lack
ALIKE = "alike/"  # before a metric: whether a row cannot be told from the best of its column in it


def frame(
    cells: Iterable[Cell], record_of: RecordOf, decide_of: DecideOf, is_stale: Callable[[Record], bool]
) -> pd.DataFrame:
    """Return one row per cell, in the order of `cells`.

    Parameters
    ----------
    cells
        Every cell that was asked for, done or not.
    record_of
        The stored record of a fit's identity, or None.
    decide_of
        The decision of a row, see `bench.analysis.decisions`.
    is_stale
        Whether a record was made by code that has changed since.

    Returns
    -------
    DataFrame
        Columns `KEYS`, `FIGURES`, recall, precision and F1 of each class, then `FACTS`. `status` is done, stale (its
        figures stand all the same), failed, missing or not applicable; what a row does not have is NaN or "".
        `seconds` are the fit's; cells that share a fit repeat them. `minority` and `majority` are class names, `place`
        is what tables call the training counts, `chosen` the numbers that a decision chose on validation data,
        `test_images` those of each class in label order, as in `counts`.
        `translator` is the stream of the stages that a cell rests on; tables show stream 0.
    """
    rows = [_row(cell, record_of, decide_of, is_stale) for cell in cells]
    known = {*KEYS, *FIGURES, *FACTS}
    per_class = sorted({name for row in rows for name in row} - known, key=_class_order)
    table = pd.DataFrame(rows, columns=[*KEYS, *FIGURES, *per_class, *FACTS])
    return table.astype(dict.fromkeys(WHOLE, "Int64"))


def with_alike(table: pd.DataFrame, alike: Mapping[tuple[Place, str], Collection[str]]) -> pd.DataFrame:
    """Return the frame with a column `alike/METRIC` for each that is compared.

    It is true where a row cannot be told from the best of its column; rows that rest on another translator than the
    first are in no column.

    Parameters
    ----------
    alike
        Metrics by place and method, see `bench.statistics.best`.
    """
    spots = zip(table["task"], table["place"], table["method"], table["translator"], strict=True)
    found = [() if other else alike.get(((task, place), method), ()) for task, place, method, other in spots]
    compared = [name for name in FIGURES if METRICS[name].compared]
    return table.assign(**{f"{ALIKE}{name}": [name in metrics for metrics in found] for name in compared})


def _row(cell: Cell, record_of: RecordOf, decide_of: DecideOf, is_stale: Callable[[Record], bool]) -> dict[str, object]:
    rare, common = rarest(cell.counts), commonest(cell.counts)
    row: dict[str, object] = {
        "task": cell.dataset,
        "minority_count": cell.minority_count,
        "method": cell.method,
        "seed": cell.seed,
        "profile": cell.profile,
        "status": "missing",
        "minority": cell.classes[rare],
        "majority": cell.classes[common],
        "majority_count": cell.counts[common],
        "place": cell.place,
        "counts": ":".join(map(str, cell.counts)),
        "classes": ":".join(cell.classes),
        "gamma": cell.counts[common] / cell.counts[rare],
        "chosen": "",
        "test_images": "",
        "record": cell.fit,
        "translator": cell.translator,
        "error": "",
    }
    if not cell.fit:
        return row | {"status": "not applicable", "error": cell.not_applicable}
    record = record_of(cell.fit)
    if record is None:
        return row | _blocked(cell, record_of)
    row |= _facts(record, rare)
    if record.status == "failed" or record.test is None:
        return row | {"status": "failed", "error": told(record.error) or "the record holds no test probabilities"}
    decided = decide_of(cell.expression)(record)
    row |= figures_of(record, decided, cell.counts)
    row["chosen"] = " ".join(f"{told(name)}={float(np.round(value, 6)):g}" for name, value in decided.chosen.items())
    return row | {"status": "stale" if is_stale(record) else "done"}


def _blocked(cell: Cell, record_of: RecordOf) -> dict[str, object]:
    """Return why a fit is missing, if that is because a stage that it needs has failed."""
    for stage in cell.stages:
        made = record_of(stage)
        if made is not None and made.status == "failed":
            return {"status": "failed", "error": f"needs {made.identity['stage']}, which failed: {told(made.error)}"}
    return {}


def _facts(record: Record, rare: int) -> dict[str, object]:
    """Return what the record says about how it was made, as far as the tables' notes need it."""
    protocol = record.identity.get("protocol", {})
    return {
        "seconds": record.cost.seconds,
        "selected_epoch": record.selected_epoch,
        "validation_images": record.validation.counts[rare] if record.validation else None,
        "test_images": ":".join(map(str, record.test.counts)) if record.test else "",
        **{name: protocol.get(name) for name in ("image_size", "epochs", "epoch", "selection")},
    }


def _class_order(name: str) -> tuple[int, int]:
    figure, _, k = name.rpartition("_")
    return PER_CLASS.index(figure), int(k)
