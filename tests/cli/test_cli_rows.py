"""What commands list is a table where it fits the terminal, and stays readable where it does not."""

from __future__ import annotations

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
    table = in_print(ROWS, None)
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
