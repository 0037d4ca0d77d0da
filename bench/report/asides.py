"""Asides: ablations of a paper's rows and the translator's luck, beside the comparisons of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from bench.analysis.frame import ALIKE
from bench.analysis.layout import Layout, generic
from bench.analysis.spots import method_key
from bench.analysis.value import Value
from bench.papers import shelf
from bench.report import tableviews
from bench.report.figure import Figure
from bench.report.luck import luck_tables
from bench.report.report import Listing, Sheet
from bench.report.table import Table

NO_TEST = "Bold is the higher mean, no more: ablations are not among the comparisons of the dataset's methods."
UNTESTED = (
    "Mean over seeds with half its 95 % interval, on the test set. Ablations are not among the comparisons of the "
    "dataset's methods: no test says which of two is better."
)


def ablation_sheets(task: str, cells: pd.DataFrame, banner: str, interval: bool) -> Iterator[Sheet]:
    """Give `ablation_<task>`; nothing where the task's cells hold no ablation."""
    if tables := ablation_tables(task, cells, banner, interval):
        rows = dict.fromkeys(shelf.ablated(method) for method in _variants(_first(task, cells)))
        title = f"{shelf.shown(task)}: ablations of {' and '.join(rows)}"
        yield Sheet(f"ablation_{task}", title, tables, "none")


def ablation_tables(task: str, cells: pd.DataFrame, banner: str, interval: bool) -> dict[str, Table]:
    """Return a table for each main metric, by heading, of the first translator; none where there is no ablation.

    An ablation is a row of a paper with other arguments, such as AUG(class_weight=off); it stands beside the row.
    """
    first = _first(task, cells)
    variants = _variants(first)
    if not variants:
        return {}
    families = dict.fromkeys(shelf.ablated(method) for method in variants)
    methods = [row for bare in families for row in (bare, *(it for it in variants if shelf.ablated(it) == bare))]
    keys = {method_key(method) for method in methods}
    mine = first[[method_key(method) in keys for method in first["method"]]]
    mine = mine.drop(columns=[name for name in mine if str(name).startswith(ALIKE)])
    tables = {}
    for it in generic(mine, task, shown=shelf.shown(task)):
        layout = Layout(f"ablation_{task}_{it.metric}", it.metric, it.parts, tuple(methods))
        table = tableviews.ours(layout, mine, banner, interval)
        shown = replace(table, title=f"Ablation. {table.title}", notes=(NO_TEST, *table.notes))
        tables[table.title.partition(": ")[2]] = shown
    return tables


def asides(task: str, cells: pd.DataFrame) -> Iterator[Listing]:
    """Give the listings of one dataset that has any; `cells` are those of all translators, ablations among them."""
    shown = shelf.shown(task)
    if luck := luck_tables(task, cells, ""):
        caption = next(iter(luck.values())).caption
        yield _listing(f"{task}-luck", f"{shown}: the translator's own luck", caption, luck)
    if ablations := ablation_tables(task, cells, "", interval=True):
        yield _listing(f"{task}-ablations", f"{shown}: ablations, on the first translator", UNTESTED, ablations)


def _first(task: str, cells: pd.DataFrame) -> pd.DataFrame:
    return cells[(cells["task"] == task) & (cells["translator"] == 0)]


def _variants(first: pd.DataFrame) -> list[str]:
    return [method for method in first["method"].unique() if shelf.ablated(method)]


def _listing(name: str, title: str, caption: str, tables: Mapping[str, Table]) -> Listing:
    """Return tables of the same columns as one, with what each is of in a column."""
    first = next(iter(tables.values()))
    rows = [
        (row.label.flat, heading.partition(": ")[2] or heading, *(_entry(value, table) for value in row.values))
        for heading, table in tables.items()
        for row in table.rows
    ]
    header = (first.stub, "Figure", *(column.flat for column in first.columns))
    return Listing(name, title, caption, header, tuple(rows))


def _entry(value: Value, table: Table) -> str | Figure:
    text = value.text() + value.marks(table.interval)
    return text if value.mean is None else Figure("other", text, value.mean, records=value.records)
