"""Asides: ablations and the translator's luck as listings, for the page; the files of both are written elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bench.report.ablation import ablation_tables
from bench.report.listings import Listing
from bench.report.luck import luck_tables
from bench.report.table import Table, Value

UNTESTED = (
    "Mean over seeds with half its 95 % interval, on the test set. Ablations are not among the comparisons of the "
    "dataset's methods: no test says which of two is better."
)


def asides(task: str, shown: str, cells: pd.DataFrame) -> Iterator[Listing]:
    """Give the listings of one dataset that has any; `cells` are those of all translators, ablations among them."""
    if luck := luck_tables(task, cells, ""):
        caption = next(iter(luck.values())).caption
        yield _listing(f"{task}-luck", f"{shown}: the translator's own luck", caption, luck)
    if ablations := ablation_tables(task, cells, "", interval=True):
        yield _listing(f"{task}-ablations", f"{shown}: ablations, on the first translator", UNTESTED, ablations)


def _listing(name: str, title: str, caption: str, tables: Mapping[str, Table]) -> Listing:
    """Return tables of the same columns as one, with what each is of in a column."""
    first = next(iter(tables.values()))
    rows = [
        (row.label.flat, heading.partition(": ")[2] or heading, *(_text(value, table) for value in row.values))
        for heading, table in tables.items()
        for row in table.rows
    ]
    return Listing(
        name, title, caption, (first.stub, "Figure", *(column.flat for column in first.columns)), tuple(rows)
    )


def _text(value: Value, table: Table) -> str:
    return value.text() + value.marks(table.interval)
