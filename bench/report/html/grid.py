"""Grid: a table's values as what stands in each HTML cell: number or word, marks, and where a click leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from bench.report.html.figure import Figure, Statistic, printed
from bench.report.html.page import Sheet, Spot
from bench.analysis.layout import Key, method_key
from bench.report.table import DASH, Kind, Label, Row, Value

Place = tuple[Key, str, int]
KINDS: dict[Kind, str] = {"ours": "ours", "paper": "paper", "difference": "ours \N{MINUS SIGN} paper"}
STATISTICS: dict[Kind, Statistic] = {"ours": "mean", "paper": "text", "difference": "difference"}
MARKS = {
    "alike": ("\N{ALMOST EQUAL TO}", "not distinguishable from the best"),
    "partial": ("", "some runs are lacking"),
    "stale": ("\N{DAGGER}", "made by code that has changed since"),
}


@dataclass(frozen=True)
class Mark:
    """A sign after a number, and what it means for those who only hear it."""

    sign: str
    words: str


@dataclass(frozen=True)
class Shown:
    """What a cell shows; `target` is the id of its provenance, or empty. `look` names its classes for the style."""

    figure: Figure
    look: str
    target: str = ""
    spread: Figure | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Line:
    """One row: `kind` is empty unless lines of several kinds stand together."""

    kind: str
    cells: tuple[Shown, ...]


@dataclass(frozen=True)
class Body:
    """All lines of one row label; they stay together when the table is sorted."""

    label: Label
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Grid:
    """A table ready for its template; `groups` are the headings above columns, with how many each spans."""

    sheet: Sheet
    groups: tuple[tuple[str, int], ...]
    bodies: tuple[Body, ...]


def place(spot: Spot) -> Place:
    """Return what makes two spots the same however the method is spelled."""
    return (method_key(spot.method), spot.task, spot.minority)


def grid(sheet: Sheet, targets: Mapping[Place, str]) -> Grid:
    """Return a sheet with every value in words and marks; `targets` are the ids of provenances."""
    table = sheet.table
    groups = [(name, len(list(columns))) for name, columns in groupby(column.group for column in table.columns)]
    bodies: list[Body] = []
    for row in table.rows:
        cells = tuple(_cells(sheet, row, targets))
        line = Line(KINDS[row.kind] if table.mixed else "", cells)
        if row.first:
            bodies.append(Body(row.label, (line,)))
        else:
            bodies[-1] = Body(bodies[-1].label, (*bodies[-1].lines, line))
    return Grid(sheet, tuple(groups) if any(name for name, _ in groups) else (), tuple(bodies))


def _cells(sheet: Sheet, row: Row, targets: Mapping[Place, str]) -> Iterator[Shown]:
    faint = {place(spot) for spot in sheet.below_floor}
    for column, value in zip(sheet.table.columns, row.values, strict=True):
        spot = _spot(sheet, row.label, column)
        figure = _figure(sheet, spot, row.kind, value)
        target = targets.get(place(spot), "") if row.kind == "ours" else ""
        is_faint = row.kind == "difference" and place(spot) in faint
        yield Shown(
            figure,
            _look(value, row.kind, is_faint),
            target,
            _spread(figure, value) if sheet.table.interval else None,
            tuple(_marks(value)),
        )


def _spot(sheet: Sheet, label: Label, column: Label) -> Spot:
    method, where = (column.key, label.key) if sheet.table.rows_are_tasks else (label.key, column.key)
    task, _, count = where.rpartition(":")
    return Spot(method, task, int(count))


def _figure(sheet: Sheet, spot: Spot, kind: Kind, value: Value) -> Figure:
    """Return the number; the paper's own is `text` against `paper`, since no record of ours holds it."""
    word = Figure("text", _word(value, kind), None, spot.task, spot.minority, spot.method, sheet.metric)
    if value.mean is None:
        return word
    against = "" if kind == "ours" else "paper"
    return replace(word, statistic=STATISTICS[kind], text=value.text(kind), value=value.mean, against=against)


def _word(value: Value, kind: Kind) -> str:
    if kind != "ours":
        return DASH
    for flag, word in (("failed", "failed"), ("not applicable", "n/a"), ("missing", "missing")):
        if flag in value.flags:
            return word
    return "not run"


def _spread(figure: Figure, value: Value) -> Figure | None:
    if value.half_width is None:
        return None
    return replace(figure, statistic="half_width", text=printed(value.half_width), value=value.half_width)


def _look(value: Value, kind: Kind, faint: bool) -> str:
    names = {"best": "best" in value.flags, "word": value.mean is None, "faint": faint, kind: kind != "ours"}
    return " ".join(name for name, holds in names.items() if holds)


def _marks(value: Value) -> Iterator[Mark]:
    if "best" in value.flags:
        yield Mark("", "best")
    elif "alike" in value.flags:
        yield Mark(*MARKS["alike"])
    if "partial" in value.flags:
        yield Mark(f"({value.n}/{value.expected})", MARKS["partial"][1])
    if "stale" in value.flags:
        yield Mark(*MARKS["stale"])
