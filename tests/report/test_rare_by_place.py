"""Where another class is the rare one from place to place, titles, headings and captions say which is where."""

from __future__ import annotations

import pandas as pd
import pytest
from small_reports import cell, record, tidy

from bench.analysis.layout import Layout, adopted, extended, generic
from bench.papers.sahoo2020 import tables as paper
from bench.report import tableviews
from bench.report.pictures import counts

BOTH = ((24, 8), (6, 16))


def seen(task: str, *places: tuple[int, int]) -> pd.DataFrame:
    """Return a done run of OS at each place."""
    names = [f"r{n}" for n in range(len(places))]
    cells = [cell(task, "OS", 0, 0, name, counts=it) for name, it in zip(names, places, strict=True)]
    return tidy(cells, [record(name, 4) for name in names])


def layout_of(frame: pd.DataFrame, metric: str) -> Layout:
    return next(it for it in generic(frame, "toy") if it.metric == metric)


@pytest.mark.parametrize("places", [BOTH, BOTH[::-1]])
@pytest.mark.parametrize(("metric", "role"), [("f1_minority", "rarer"), ("f1_majority", "commoner")])
def test_a_title_names_no_class_where_it_differs_by_column(
    metric: str, role: str, places: tuple[tuple[int, int], ...]
) -> None:
    cells = seen("toy", *places)
    table = tableviews.ours(layout_of(cells, metric), cells, "banner", interval=False)
    assert table.title.endswith(f" class (the {role} at each place)")
    assert [column.flat for column in table.columns] == ["6:16", "24:8"]
    assert "Training images: toy: 6:16 (many 6, few 16), 24:8 (many 24, few 8)." in table.caption
    assert "of many" not in table.caption and "of few" not in table.caption


@pytest.mark.parametrize(
    ("places", "rare", "group"), [([(24, 8), (24, 6)], "few", "#few"), ([(6, 16)], "many", "#many")]
)
def test_one_class_that_is_rare_everywhere_is_named(places: list[tuple[int, int]], rare: str, group: str) -> None:
    cells = seen("toy", *places)
    table = tableviews.ours(layout_of(cells, "f1_minority"), cells, "banner", interval=False)
    assert table.title.endswith(f" class ({rare})") and {column.group for column in table.columns} == {group}


@pytest.mark.parametrize("number", [3, 8])
def test_a_papers_place_is_no_place_where_the_other_class_is_rare(number: int) -> None:
    cells = seen("horse2zebra", (25, 450))
    theirs = next(it for it in paper.layouts() if it.number == number)
    mine = adopted(theirs, cells)
    assert mine.places == theirs.places and mine.published == theirs.published
    table = tableviews.ours(extended(mine, cells), cells, "banner", interval=False)
    assert "zebra" not in table.title + table.stub
    assert "450:25 (horse 450, zebra 25)" in table.caption and "25:450 (horse 25, zebra 450)" in table.caption


@pytest.mark.parametrize(
    ("places", "said"), [(BOTH, "training images."), ([(24, 8), (24, 6)], "training images of few")]
)
def test_a_chart_by_count_names_the_class_that_it_counts(places: list[tuple[int, int]], said: str) -> None:
    assert said in counts.figure(seen("toy", *places), "toy").alt
