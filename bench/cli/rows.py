"""Rows: things of one kind in print, as a table where it is no wider than the terminal, else one below the other."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from tabulate import tabulate

from bench.errors import one_line

LEFT_OUT = ("", "-", "None")


def in_print(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Return rows as text for lines of at most `width` characters."""
    rows = [{key: value if value is None else one_line(str(value)) for key, value in row.items()} for row in rows]
    table = tabulate(rows, headers="keys", disable_numparse=True)
    if all(len(line) <= width for line in table.splitlines()):
        return table
    return "\n\n".join(_below(row, width) for row in rows)


def terminal_width() -> int:
    """Return the characters in a line of the terminal; 80 where standard output goes elsewhere, unless COLUMNS says."""
    return shutil.get_terminal_size().columns


def _below(row: Mapping[str, Any], width: int) -> str:
    (_, name), *others = row.items()
    lines = [f"{key}: {value}" for key, value in others if str(value) not in LEFT_OUT]
    wrapped = (
        fill(
            line, width, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    )
    return "\n".join([str(name), *wrapped])
