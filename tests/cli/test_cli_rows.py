"""What commands list is a table where it fits the terminal, and stays readable where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, imbench
from rich.cells import cell_len

from bench.cli.rows import in_print

ROWS = [
    {"method": "CS", "parameters": "-", "idea": "Weight each class by the inverse of its frequency."},
    {
        "method": "CBL",
        "parameters": "beta=0.999",
        "idea": "doi:10.1109/a-very-long-name-that-must-stay-whole-to-be-found",
    },
]


def test_rows_that_fit_are_a_table() -> None:
    table = in_print(ROWS, 1000)
    assert table.splitlines()[0].split() == ["method", "parameters", "idea"]
    assert in_print(ROWS, max(map(len, table.splitlines()))) == table


def test_rows_that_do_not_fit_stand_one_below_the_other() -> None:
    text = in_print(ROWS, 40)
    assert text.splitlines() == [
        "CS",
        "  idea: Weight each class by the inverse",
        "      of its frequency.",
        "",
        "CBL",
        "  parameters: beta=0.999",
        "  idea:",
        "      doi:10.1109/a-very-long-name-that-must-stay-whole-to-be-found",
    ]


@pytest.mark.parametrize(
    "command",
    [("list", kind) for kind in ("methods", "datasets", "profiles", "stages", "networks")]
    + [("doctor",), ("status",), ("data", "show", "digits"), ("--help",), ("run", "--help"), ("campaign", "--help")],
)
def test_what_is_listed_fits_80_columns_where_it_is_piped(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = imbench(*command).out.splitlines()
    assert lines and [line for line in lines if cell_len(line) > 80 and " " in line.strip()] == []
