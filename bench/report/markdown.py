"""Markdown: a table as an aligned pipe table that reads well as plain text too."""

from __future__ import annotations

from tabulate import tabulate

from bench.analysis.layout import Label
from bench.analysis.value import Kind, Value
from bench.report.table import Row, Table

KINDS: dict[Kind, str] = {"ours": "ours", "paper": "paper", "difference": "ours - paper"}


def markdown(table: Table) -> str:
    """Return banner, caption, pipe table and notes; the title is left to the page."""
    groups = {column.group for column in table.columns}
    shared = groups.pop() if len(groups) == 1 else ""
    head = [f"{table.stub} / {shared}" if shared else table.stub, *([""] if table.mixed else [])]
    head += [column.text if shared else column.flat for column in table.columns]
    body = [
        [*_stub(row, table.mixed), *(_value(value, row.kind, table.interval) for value in row.values)]
        for row in table.rows
    ]
    grid = tabulate(
        [[escape(text) for text in line] for line in body],
        headers=[escape(text) for text in head],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["left"] * (2 if table.mixed else 1) + ["right"] * len(table.columns),
    )
    blocks = [f"> {escape(table.banner)}" if table.banner else "", escape(table.caption), grid]
    blocks.append("\n".join(f"- {escape(note)}" for note in table.notes))
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """Keep a text on one line of one cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _stub(row: Row, mixed: bool) -> list[str]:
    label: Label = row.label
    return [label.flat if row.first else "", *([KINDS[row.kind]] if mixed else [])]


def _value(value: Value, kind: Kind, interval: bool) -> str:
    number = value.text(kind)
    return (f"**{number}**" if "best" in value.flags else number) + value.marks(interval)
