"""The tidy frame: one row per cell with its state and figures, from which every table is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from bench.plan.grid import Cell
from bench.record import Record
from bench.analysis import metrics

Adjust = Callable[[np.ndarray, np.ndarray], np.ndarray]
KEYS = ("task", "minority_count", "method", "seed", "profile", "status")
FIGURES = ("f1_minority", "f1_majority", "acsa", "g_mean", "roc_auc", "average_precision", "accuracy")
FACTS = (
    "seconds",
    "selected_epoch",
    "minority",
    "majority",
    "majority_count",
    "validation_images",
    "image_size",
    "epochs",
    "epoch",
    "record",
    "translator",
    "alike",
    "error",
)
WHOLE = ("selected_epoch", "validation_images", "image_size", "epochs")  # integers that a row may lack


def frame(
    cells: Iterable[Cell],
    record_of: Callable[[str], Record | None],
    adjust_of: Callable[[str], Adjust],
    is_stale: Callable[[Record], bool],
) -> pd.DataFrame:
    """Return one row per cell, in the order of `cells`.

    Parameters
    ----------
    cells
        Every cell that was asked for, done or not.
    record_of
        The stored record of a fit's identity, or None.
    adjust_of
        The decision of a method expression: (probabilities (N, K), original counts (K,)) -> scores (N, K).
    is_stale
        Whether a record was made by code that has changed since.

    Returns
    -------
    DataFrame
        Columns `KEYS`, `FIGURES`, recall, precision and F1 of each class, then `FACTS`. `status` is done, stale (its
        figures stand all the same), failed, missing or not applicable; what a row does not have is NaN or "".
        `seconds` are the fit's; cells that share a fit repeat them. `minority` and `majority` are class names.
        `translator` is the stream of the stages that a cell rests on; tables show stream 0. `alike` is for
        `with_alike` to fill.
    """
    rows = [_row(cell, record_of, adjust_of, is_stale) for cell in cells]
    per_class = sorted({name for row in rows for name in row} - {*KEYS, *FIGURES, *FACTS}, key=_class_order)
    table = pd.DataFrame(rows, columns=[*KEYS, *FIGURES, *per_class, *FACTS])
    return table.astype(dict.fromkeys(WHOLE, "Int64"))


def with_alike(table: pd.DataFrame, alike: Mapping[tuple[str, int, str], Collection[str]]) -> pd.DataFrame:
    """Return the frame with `alike` filled: metrics in which a row cannot be told from the best of its column.

    Rows that rest on another translator than the first are in no column.

    Parameters
    ----------
    alike
        Metrics by task, minority count and method, see `bench.statistics.best`.
    """
    spots = zip(table["task"], table["minority_count"], table["method"], table["translator"], strict=True)
    marks = [() if other else alike.get((task, int(n), method), ()) for task, n, method, other in spots]
    return table.assign(alike=[" ".join(metrics) for metrics in marks])


def _row(
    cell: Cell,
    record_of: Callable[[str], Record | None],
    adjust_of: Callable[[str], Adjust],
    is_stale: Callable[[Record], bool],
) -> dict[str, object]:
    counts = np.asarray(cell.counts)
    rare, common = metrics.rarest(counts), metrics.commonest(counts)
    row: dict[str, object] = {
        "task": cell.dataset,
        "minority_count": cell.minority_count,
        "method": cell.method,
        "seed": cell.seed,
        "profile": cell.profile,
        "status": "missing",
        "minority": cell.classes[rare],
        "majority": cell.classes[common],
        "majority_count": int(counts[common]),
        "record": cell.fit,
        "translator": cell.translator,
        "alike": "",
        "error": "",
    }
    if not cell.fit:
        return row | {"status": "not applicable", "error": cell.not_applicable}
    record = record_of(cell.fit)
    if record is None:
        return row | _blocked(cell, record_of)
    row |= _facts(record, rare)
    if record.status == "failed" or record.test is None:
        return row | {"status": "failed", "error": record.error or "the record holds no test probabilities"}
    probabilities = record.test.probabilities.array()
    scores = adjust_of(cell.method)(probabilities, counts)
    row |= metrics.figures(record.test.labels, probabilities, scores, minority=rare, majority=common)
    return row | {"status": "stale" if is_stale(record) else "done"}


def _blocked(cell: Cell, record_of: Callable[[str], Record | None]) -> dict[str, object]:
    """Return why a fit is missing, if that is because a stage that it needs has failed."""
    for stage in cell.stages:
        made = record_of(stage)
        if made is not None and made.status == "failed":
            return {"status": "failed", "error": f"needs {made.identity['stage']}, which failed: {made.error}"}
    return {}


def _facts(record: Record, rare: int) -> dict[str, object]:
    """Return what the record says about how it was made, as far as the tables' notes need it."""
    protocol = record.identity.get("protocol", {})
    return {
        "seconds": record.cost.seconds,
        "selected_epoch": record.selected_epoch,
        "validation_images": record.validation.counts[rare] if record.validation else None,
        **{name: protocol.get(name) for name in ("image_size", "epochs", "epoch")},
    }


def _class_order(name: str) -> tuple[str, int]:
    figure, _, k = name.rpartition("_")
    return figure, int(k)
