"""Cells: a table's values as what stands in each HTML cell: number or word, marks, and where a click leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from bench.analysis.layout import Label
from bench.analysis.spots import Key, Spot, method_key
from bench.analysis.value import DASH, Kind, Value, printed
from bench.report.figure import Figure, Statistic
from bench.report.table import Row, Table

Target = tuple[Key, str, str]
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
class TableLine:
    """One row: `kind` is empty unless lines of several kinds stand together."""

    kind: str
    cells: tuple[Shown, ...]


@dataclass(frozen=True)
class TableBody:
    """All lines of one row label; they stay together when the table is sorted."""

    label: Label
    lines: tuple[TableLine, ...]


@dataclass(frozen=True)
class Ruled:
    """A table ready for its template; `groups` are the headings above columns, with how many each spans."""

    table: Table
    view: str
    groups: tuple[tuple[str, int], ...]
    bodies: tuple[TableBody, ...]


def target_of(spot: Spot) -> Target:
    """Return what makes two spots the same however the method is spelled."""
    return (method_key(spot.method), spot.task, spot.place)


def ruled(table: Table, view: str, targets: Mapping[Target, str]) -> Ruled:
    """Return a table with every value in words and marks; `targets` are the ids of provenances."""
    groups = [(name, len(list(columns))) for name, columns in groupby(table.columns, key=lambda it: it.group)]
    bodies: list[TableBody] = []
    for row in table.rows:
        line = TableLine(KINDS[row.kind] if table.mixed else "", tuple(_cells(table, row, targets)))
        if row.first:
            bodies.append(TableBody(row.label, (line,)))
        else:
            bodies[-1] = TableBody(bodies[-1].label, (*bodies[-1].lines, line))
    return Ruled(table, view, tuple(groups) if any(name for name, _ in groups) else (), tuple(bodies))


def _cells(table: Table, row: Row, targets: Mapping[Target, str]) -> Iterator[Shown]:
    faint = set(map(target_of, table.faint))
    for column, value in zip(table.columns, row.values, strict=True):
        spot = table.spot(row.label, column) or Spot("", "", "")
        figure, at = _figure(table.metric, spot, row.kind, value), target_of(spot)
        target = targets.get(at, "") if row.kind == "ours" and table.metric else ""
        yield Shown(
            figure,
            _look(value, row.kind, row.kind == "difference" and at in faint),
            target,
            _spread(figure, value) if table.interval else None,
            tuple(_marks(value)),
        )


def _figure(metric: str, spot: Spot, kind: Kind, value: Value) -> Figure:
    """Return the number; the paper's own is `text` against `paper`, since no record of ours holds it."""
    word = Figure("text", _word(value, kind), None, spot.task, spot.place, spot.method, metric)
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
