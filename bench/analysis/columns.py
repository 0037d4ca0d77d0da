"""Columns: what every method of a table's column decided about the test images, read off the records."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bench.analysis.decisions import DecideOf, RecordOf
from bench.analysis.metrics import commonest, measures, rarest
from bench.analysis.spots import Place
from bench.errors import DataError
from bench.plan.grid import Cell
from bench.statistics.outcomes import MISSING, Outcomes


def columns(cells: Iterable[Cell], record_of: RecordOf, decide_of: DecideOf) -> dict[Place, Outcomes]:
    """Return the Outcomes of each place that has a record; rows are methods as the cells name them.

    Parameters
    ----------
    cells
        Cells of one profile. Those of other translators than the first are left out, as in the tables.
    record_of, decide_of
        As for `bench.analysis.frame.frame`.

    Raises
    ------
    DataError
        A record of a place tells of other test images than the rest; the text names it.
    """
    groups: dict[Place, list[Cell]] = {}
    for cell in cells:
        if not cell.translator:
            groups.setdefault((cell.dataset, cell.place), []).append(cell)
    found = {place: _column(place, group, record_of, decide_of) for place, group in groups.items()}
    return {place: column for place, column in found.items() if column is not None}


def _column(place: Place, cells: list[Cell], record_of: RecordOf, decide_of: DecideOf) -> Outcomes | None:
    decided: dict[tuple[str, int], np.ndarray] = {}
    labels = np.array([], dtype=np.int64)
    counts = cells[0].counts
    for cell in cells:
        record = record_of(cell.fit) if cell.fit else None
        if record is not None and record.test is not None:
            if decided and not np.array_equal(labels, record.test.labels):
                raise DataError(f"record {record.id}: its test images are not those of the others of {' '.join(place)}")
            labels = record.test.labels
            decided[cell.method, cell.seed] = decide_of(cell.expression)(record).scores.argmax(axis=1)
    if not decided:
        return None
    methods = tuple(dict.fromkeys(cell.method for cell in cells))
    seeds = 1 + max(cell.seed for cell in cells)
    lacking = np.full(len(labels), MISSING)
    decisions = np.array([[decided.get((method, seed), lacking) for seed in range(seeds)] for method in methods])
    roles = rarest(counts), commonest(counts)
    return Outcomes(place[1], methods, labels, decisions, len(counts), *roles, measures(counts))
