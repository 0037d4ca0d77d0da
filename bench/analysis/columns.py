"""Columns: what every method of a table's column decided about the test images, read off the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from bench.plan.grid import Cell
from bench.record import Record
from bench.analysis.frame import Adjust
from bench.analysis.layout import Place
from bench.statistics.outcomes import MISSING, Outcomes
from bench.analysis import metrics


def columns(
    cells: Iterable[Cell], record_of: Callable[[str], Record | None], adjust_of: Callable[[str], Adjust]
) -> dict[Place, Outcomes]:
    """Return the Outcomes of each (task, minority count) that has a record; rows are methods as the cells name them.

    Parameters
    ----------
    cells
        Cells of one profile. Those of other translators than the first are left out, as in the tables.
    record_of, adjust_of
        As for `bench.report.frame.frame`.
    """
    groups: dict[Place, list[Cell]] = {}
    for cell in cells:
        if not cell.translator:
            groups.setdefault((cell.dataset, cell.minority_count), []).append(cell)
    found = {place: _column(place, group, record_of, adjust_of) for place, group in groups.items()}
    return {place: column for place, column in found.items() if column is not None}


def _column(
    place: Place, cells: list[Cell], record_of: Callable[[str], Record | None], adjust_of: Callable[[str], Adjust]
) -> Outcomes | None:
    decided: dict[tuple[str, int], np.ndarray] = {}
    labels = np.array([], dtype=np.int64)
    counts = np.asarray(cells[0].counts)
    for cell in cells:
        record = record_of(cell.fit) if cell.fit else None
        if record is not None and record.test is not None:
            labels = record.test.labels
            scores = adjust_of(cell.method)(record.test.probabilities.array(), counts)
            decided[cell.method, cell.seed] = scores.argmax(axis=1)
    if not decided:
        return None
    methods = tuple(dict.fromkeys(cell.method for cell in cells))
    seeds = 1 + max(cell.seed for cell in cells)
    lacking = np.full(len(labels), MISSING)
    decisions = np.array([[decided.get((method, seed), lacking) for seed in range(seeds)] for method in methods])
    rare, common = metrics.rarest(counts), metrics.commonest(counts)
    return Outcomes(str(place[1]), methods, labels, decisions, len(counts), rare, common)
