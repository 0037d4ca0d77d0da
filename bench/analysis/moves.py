"""Moves: the difference of two sets of runs in each cell, and whether noise explains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd

from bench.analysis.decisions import Decided, figures_of
from bench.analysis.metrics import commonest, measures, rarest
from bench.analysis.runs import CELL
from bench.errors import UserError
from bench.statistics.best import compare
from bench.statistics.outcomes import Outcomes

Moved = Literal["moved", "within the noise", "noise unknown", "same"]
Cell = tuple[str, tuple[int, ...], str, str]  # task, counts, method, protocol
DRAWS = 4_000
IDENTITY = ("edition", "split")  # with the labels, what makes the test images the same


@dataclass(frozen=True)
class Move:
    """One figure of a cell: means over the seeds that both sides have, and half the width of the interval around
    their difference, None where it is not known."""

    cell: Cell
    metric: str
    ours: float
    theirs: float
    seeds: int
    half_width: float | None
    moved: Moved

    @property
    def difference(self) -> float:
        """Theirs less ours."""
        return self.theirs - self.ours


def moves(pairs: pd.DataFrame) -> Iterator[Move]:
    """Give every compared figure of every cell that both sides have, in order.

    Intervals are the simultaneous ones of the tables, with the rows of both sides in one column: if nothing differs
    but luck, with chance 95 % no cell of a task is said to have moved. They need two seeds and the same test images;
    else the noise is unknown. Runs with equal probabilities are the same and need no statistics.

    Parameters
    ----------
    pairs
        Two frames of `bench.analysis.runs`, joined: `record_a` and `decide_a` are ours, `record_b` and `decide_b`
        theirs.
    """
    groups = {cast(Cell, cell): rows.sort_values("seed") for cell, rows in pairs.groupby(CELL, sort=True)}
    widths = _half_widths({cell: rows for cell, rows in groups.items() if _comparable(rows)})
    for cell, rows in groups.items():
        names = [measure.name for measure in measures(cell[1])]
        ours, theirs = (_means(rows, side, names) for side in "ab")
        for metric in names:
            width = widths.get((cell, metric))
            moved: Moved = "noise unknown" if width is None else "within the noise"
            if not _changed(rows):
                moved, width = "same", None
            elif width is not None and abs(theirs[metric] - ours[metric]) > width:
                moved = "moved"
            yield Move(cell, metric, ours[metric], theirs[metric], len(rows), width, moved)


def _changed(rows: pd.DataFrame) -> bool:
    return any(a.test != b.test for a, b in zip(rows["record_a"], rows["record_b"], strict=True))


def _comparable(rows: pd.DataFrame) -> bool:
    """Say whether both sides judged the same images, with two seeds at least."""
    first, second = rows["record_a"].iloc[0], rows["record_b"].iloc[0]
    alike = all(first.identity.get(name) == second.identity.get(name) for name in IDENTITY)
    return len(rows) > 1 and alike and first.test.counts == second.test.counts


def _half_widths(groups: dict[Cell, pd.DataFrame]) -> dict[tuple[Cell, str], float]:
    """Return half widths by cell and metric, one family of comparisons a task; same cells are no comparison."""
    columns: dict[tuple[object, ...], dict[Cell, pd.DataFrame]] = {}
    for cell, rows in groups.items():
        columns.setdefault((cell[0], cell[1], cell[3], tuple(rows["seed"])), {})[cell] = rows
    found: dict[tuple[Cell, str], float] = {}
    for task in dict.fromkeys(cell[0] for cell in groups):
        mine = [cells for key, cells in columns.items() if key[0] == task]
        changed = [cells for cells in mine if any(map(_changed, cells.values()))]
        family = compare([_column(str(n), cells) for n, cells in enumerate(changed)], draws=DRAWS) if changed else None
        for it in family.comparisons if family else ():
            for cell, rows in changed[int(it.column)].items():
                if _changed(rows):
                    ours, theirs = (it.methods.index(_row(cell, side)) for side in "ab")
                    found[cell, it.metric] = float(it.half_widths[ours, theirs])
    return found


def _column(name: str, cells: dict[Cell, pd.DataFrame]) -> Outcomes:
    """Return a column whose rows are ours and theirs of each cell; of a cell that is the same, one row."""
    decisions = {
        _row(cell, side): [it.scores.argmax(axis=1) for it in _decided(rows, side)]
        for cell, rows in cells.items()
        for side in ("ab" if _changed(rows) else "a")
    }
    (_, counts, _, _), rows = next(iter(cells.items()))
    labels = rows["record_a"].iloc[0].test.labels
    for record in (it for rows in cells.values() for side in "ab" for it in rows[f"record_{side}"]):
        if not np.array_equal(record.test.labels, labels):
            raise UserError(f"record {record.id}: its test images are not those of the others of {name}")
    roles = len(counts), rarest(counts), commonest(counts)
    return Outcomes(name, tuple(decisions), labels, np.array(list(decisions.values())), *roles, measures(counts))


def _row(cell: Cell, side: str) -> str:
    return f"{side.upper()} {cell[2]}"


def _decided(rows: pd.DataFrame, side: str) -> list[Decided]:
    return [decide(record) for record, decide in zip(rows[f"record_{side}"], rows[f"decide_{side}"], strict=True)]


def _means(rows: pd.DataFrame, side: str, names: list[str]) -> dict[str, float]:
    """Return a cell's means over its runs."""
    decided, counts = _decided(rows, side), rows["counts"].iloc[0]
    each = [figures_of(record, it, counts) for record, it in zip(rows[f"record_{side}"], decided, strict=True)]
    return {name: float(np.mean([one[name] for one in each])) for name in names}
