"""Tables print their numbers, marks and layouts as the paper does."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from small_reports import runs

from bench.analysis.layout import Label, generic
from bench.analysis.spots import method_key
from bench.analysis.value import DASH, Value
from bench.papers.sahoo2020 import tables as paper
from bench.report import tableviews
from bench.report.emit import longform
from bench.report.markdown import markdown
from bench.report.table import Row, Table, difference, mark_best

PUBLISHED = json.loads(resources.files("bench.papers.sahoo2020").joinpath("tables.json").read_text(encoding="utf-8"))


def small(*rows: tuple[Value, ...], **settings: object) -> Table:
    columns = tuple(Label(str(n), key=f"d:{n}") for n in range(len(rows[0])))
    lines = tuple(Row(Label(f"m{i}", key=f"m{i}"), values) for i, values in enumerate(rows))
    return Table("t", "Title", "Caption.", "Method", columns, lines, **settings)  # type: ignore[arg-type]


def whole(mean: float, n: int = 5) -> Value:
    return Value(mean, 0.01, n, 5, frozenset() if n == 5 else frozenset({"partial"}))


@pytest.mark.parametrize(
    ("mean", "text"), [(0.65733, "0.6573"), (0.65737, "0.6574"), (1.0, "1.0000"), (-0.00001, "0.0000"), (None, DASH)]
)
def test_numbers_have_four_decimals(mean: float | None, text: str) -> None:
    assert Value(mean).text() == text


def test_a_difference_is_that_of_the_printed_numbers() -> None:
    assert difference(Value(0.50004), Value(0.49996)).text("difference") == "0.0000"
    assert difference(Value(0.50006), Value(0.4)).text("difference") == "+0.1001"
    assert difference(Value(0.3), Value(0.4)).text("difference") == "-0.1000"
    assert difference(Value(), Value(0.4)).text("difference") == DASH


def best(table: Table) -> list[list[bool]]:
    return [["best" in value.flags for value in row.values] for row in mark_best(table).rows]


def test_numbers_that_print_alike_are_both_best() -> None:
    assert best(small((whole(0.80001), whole(0.1)), (whole(0.79999), whole(0.2)), (whole(0.5), whole(0.3)))) == [
        [True, False],
        [True, False],
        [False, True],
    ]


def test_best_is_sought_along_the_row_where_methods_stand_across() -> None:
    assert best(small((whole(0.8), whole(0.1)), (whole(0.7), whole(0.9)), rows_are_tasks=True)) == [
        [True, False],
        [False, True],
    ]


def test_a_mean_over_fewer_seeds_is_never_best() -> None:
    assert best(small((whole(0.9, n=1),), (whole(0.5),))) == [[False], [True]]


def test_a_table_without_numbers_marks_nothing() -> None:
    assert best(small((Value(), Value(flags=frozenset({"failed"}))))) == [[False, False]]


def test_markdown_is_an_aligned_pipe_table() -> None:
    stale = Value(0.25, 0.02, 5, 5, frozenset({"stale"}))
    table = small(
        (whole(0.5), Value()), (whole(0.12345, n=4), stale), banner="profile cpu", notes=("n | m",), interval=True
    )
    assert markdown(mark_best(table)) == (
        "> profile cpu\n\nCaption.\n\n"
        "| Method   |                     0 |                    1 |\n"
        "|:---------|----------------------:|---------------------:|\n"
        f"| m0       |   **0.5000** ± 0.0124 |                    {DASH} |\n"
        "| m1       | 0.1235 ± 0.0159 (4/5) | **0.2500** ± 0.0248† |\n\n"
        "- n \\| m\n"
    )


def test_csv_has_one_line_per_value() -> None:
    lines = longform(mark_best(small((whole(0.5), Value(flags=frozenset({"not applicable"})))))).splitlines()
    assert lines[1:] == ["t,m0,d:0,ours,0.5,0.01,5,5,best", "t,m0,d:1,ours,,,,,not-applicable"]


@pytest.mark.parametrize("number", paper.NUMBERS)
def test_rows_columns_and_numbers_are_the_papers(number: int) -> None:
    halves = ["table_1_celeba", "table_1_cub"] if number == 1 else [f"table_{number}"]
    table = tableviews.published(next(layout for layout in paper.layouts() if layout.number == number))
    grid = {
        (row.label.key, column.key): value.mean
        for row in table.rows
        for column, value in zip(table.columns, row.values, strict=True)
    }
    tasks = {"CelebA": "celeba", "CUB-200-2011": "cub", "Horse2Zebra": "horse2zebra"}
    methods = list(PUBLISHED[halves[0]]["rows"])
    places = [f"{tasks[PUBLISHED[half]['dataset']]}:{count}" for half in halves for count in PUBLISHED[half]["columns"]]
    printed = {method: [value for half in halves for value in PUBLISHED[half]["rows"][method]] for method in methods}
    across = number == 3
    assert [row.label.key for row in table.rows] == (places if across else methods)
    assert [column.key for column in table.columns] == (methods if across else places)
    for method in methods:
        spots = [(place, method) if across else (method, place) for place in places]
        assert [grid[spot] for spot in spots] == printed[method]


def test_table_1_has_a_double_header_and_table_3_groups_the_variants_of_a_method() -> None:
    first, third = (tableviews.published(layout) for layout in paper.layouts()[:2])
    assert [column.group for column in first.columns] == ["CelebA"] * 6 + ["CUB"] * 6
    assert [column.flat for column in third.columns if column.group] == [
        f"CBL \N{GREEK SMALL LETTER BETA}={beta}" for beta in ("0.9", "0.99", "0.999", "0.9999")
    ]


def test_a_methods_spelling_does_not_make_another_row() -> None:
    assert method_key("CS+US") == method_key("US + CS") != method_key("US")


@pytest.mark.parametrize(("seeds", "interval", "said"), [(1, True, 0), (2, True, 0), (3, True, 1), (3, False, 0)])
def test_an_interval_is_promised_where_one_is_printed(seeds: int, interval: bool, said: bool) -> None:
    cells = runs("toy", "OS", 25, [3, 5, 8][:seeds])
    for layout in generic(cells, "toy"):
        table = tableviews.ours(layout, cells, "banner", interval)
        assert (
            ("half its 95 % interval" in table.caption) == said == (" ± " in table.rows[0].values[0].spread(interval))
        )


def test_the_lowest_number_is_best_where_lower_is_better() -> None:
    assert best(small((whole(0.1),), (whole(0.2),), lower_is_better=True)) == [[True], [False]]
