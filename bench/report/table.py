"""The table model: rows, columns and values that know what they rest on; emitters turn it into text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from scipy import stats

DECIMALS = 4
DASH = "\N{EN DASH}"
ALIKE = "\N{ALMOST EQUAL TO}"
Flag = Literal["missing", "failed", "partial", "stale", "not applicable", "best", "alike"]
Kind = Literal["ours", "paper", "difference"]


@dataclass(frozen=True)
class Value:
    """A mean over seeds: `n` of `expected` runs are in it; `sd` is the sample's, None for fewer than two runs."""

    mean: float | None = None
    sd: float | None = None
    n: int = 0
    expected: int = 0
    flags: frozenset[Flag] = frozenset()

    @property
    def printed(self) -> float | None:
        """The mean as a table prints it; ties and differences are judged by this number, which the reader sees."""
        return None if self.mean is None else round(self.mean, DECIMALS) + 0.0

    @property
    def complete(self) -> bool:
        """Whether every run that was asked for is in the mean."""
        return self.mean is not None and self.n == self.expected

    def text(self, kind: Kind = "ours") -> str:
        """Return the number, with a sign if it is a difference, or the word that stands in its place."""
        if self.printed is None:
            return "failed" if "failed" in self.flags else "n/a" if "not applicable" in self.flags else DASH
        return f"{self.printed:{'+' if kind == 'difference' and self.printed else ''}.{DECIMALS}f}"

    @property
    def half_width(self) -> float | None:
        """Half the width of the mean's 95 % interval over runs (Student's t), None for fewer than two."""
        return None if self.sd is None else float(stats.t.ppf(0.975, self.n - 1)) * self.sd / self.n**0.5

    def spread(self, interval: bool) -> str:
        """Return half the width of its interval as it follows the number, if it is wanted and there is one."""
        return f" ± {self.half_width:.{DECIMALS}f}" if interval and self.half_width is not None else ""

    @property
    def is_alike(self) -> bool:
        """Whether `≈` stands at the number: it cannot be told from the best, and is not the best itself."""
        return "alike" in self.flags and "best" not in self.flags

    @property
    def lacks(self) -> str:
        """Return what says that runs are lacking, or that code has changed since."""
        lacking = f" ({self.n}/{self.expected})" if "partial" in self.flags else ""
        return lacking + ("†" if "stale" in self.flags else "")

    def marks(self, interval: bool) -> str:
        """Return all that follows the number."""
        return self.spread(interval) + (ALIKE if self.is_alike else "") + self.lacks


@dataclass(frozen=True)
class Label:
    """Heading of a row or column. Neighbours of one `group` share a header above them; `key` is for machines."""

    text: str
    group: str = ""
    key: str = ""

    @property
    def flat(self) -> str:
        """Group and text in one line, for formats without a double header."""
        return f"{self.group} {self.text}".strip()


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
    stand across, so that the best of each row is marked instead of the best of each column.
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

    @property
    def mixed(self) -> bool:
        """Whether rows of several kinds stand together, so that each needs its kind spelled out."""
        return len({row.kind for row in self.rows}) > 1


def mark_best(table: Table) -> Table:
    """Flag the highest printed number of each kind in every column (or row); ties all, differences never.

    A mean over fewer runs than were asked for does not compete: its luck would not be the others'.
    """
    best: dict[tuple[Kind, int], float] = {}
    place: Callable[[int, int], int] = (lambda i, j: i) if table.rows_are_tasks else (lambda i, j: j)
    for i, row in enumerate(table.rows):
        for j, value in enumerate(row.values):
            if value.printed is not None and value.complete and row.kind != "difference":
                spot = (row.kind, place(i, j))
                best[spot] = max(best.get(spot, value.printed), value.printed)

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
    return Value(mean=ours.printed - paper.printed)
