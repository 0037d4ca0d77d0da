"""The table model: rows, columns and values that know what they rest on; emitters turn it into text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.analysis.layout import Label
from bench.analysis.spots import Spot
from bench.analysis.value import Kind, Value


@dataclass(frozen=True)
class Row:
    """One line of a table; `first` is False where it goes on about the label of the line above."""

    label: Label
    values: tuple[Value, ...]
    kind: Kind = "ours"
    first: bool = True


@dataclass(frozen=True)
class Table:
    """A table as every emitter understands it.

    `stub` heads the row labels. `notes` are printed below and `banner` above. `rows_are_tasks` says that methods
    stand across, so that the best of each row is marked instead of the best of each column. `metric` is what its
    numbers are, where they are of the cells. Differences to a paper at `faint` are smaller than the noise lets us see.
    """

    name: str
    title: str
    caption: str
    stub: str
    columns: tuple[Label, ...]
    rows: tuple[Row, ...]
    banner: str = ""
    notes: tuple[str, ...] = ()
    rows_are_tasks: bool = False
    interval: bool = False
    metric: str = ""
    lower_is_better: bool = False
    faint: frozenset[Spot] = frozenset()

    @property
    def mixed(self) -> bool:
        """Whether rows of several kinds stand together, so that each needs its kind spelled out."""
        return len({row.kind for row in self.rows}) > 1

    def spot(self, row: Label, column: Label) -> Spot | None:
        """Return which cell stands in a row and column, None where neither heading is a place."""
        method, where = (column, row) if self.rows_are_tasks else (row, column)
        return Spot(method.key, *where.place) if where.place else None


def mark_best(table: Table) -> Table:
    """Flag the best printed number of each kind in every column (or row); ties all, differences never.

    A mean over fewer runs than were asked for does not compete: its luck would not be the others'.
    """
    best: dict[tuple[str, int], float] = {}
    place: Callable[[int, int], int] = (lambda i, j: i) if table.rows_are_tasks else (lambda i, j: j)
    better: Callable[[float, float], float] = min if table.lower_is_better else max
    for i, row in enumerate(table.rows):
        for j, value in enumerate(row.values):
            if value.printed is not None and value.complete and row.kind != "difference":
                spot = (row.kind, place(i, j))
                best[spot] = better(best.get(spot, value.printed), value.printed)

    def marked(i: int, j: int, row: Row, value: Value) -> Value:
        wins = value.complete and best.get((row.kind, place(i, j))) == value.printed
        return replace(value, flags=value.flags | {"best"}) if wins else value

    rows = (
        replace(row, values=tuple(marked(i, j, row, value) for j, value in enumerate(row.values)))
        for i, row in enumerate(table.rows)
    )
    return replace(table, rows=tuple(rows))


def difference(ours: Value, paper: Value) -> Value:
    """Return ours - paper of the printed numbers, so that a reader who subtracts gets the same."""
    if ours.printed is None or paper.printed is None:
        return Value()
    return Value(mean=ours.printed - paper.printed, records=ours.records)
