"""Numbers on the HTML page say what they are, where they come from, and how far to trust them."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from html_demo import demo_page
from html_reader import Element, elements, read, squeezed
from scipy import stats

from bench.analysis.layout import Label
from bench.analysis.spots import Spot
from bench.analysis.value import Flag, Value
from bench.report.figure import CELL, DIGITS
from bench.report.html.cells import target_of
from bench.report.html.render import render
from bench.report.provenance import provenances
from bench.report.report import Report, Sheet
from bench.report.table import Row, Table, mark_best

PLACE = ("toy", "450:25")


def figures_within(html: str) -> list[tuple[dict[str, str], str]]:
    """Return what every figure says of itself, with its text; which cell it is of, elements around it may say."""
    found, around = [], dict[str, str]()
    for element in read(html):
        data = element.attributes
        if element.tag in ("tbody", "tr", "td"):
            kept = {} if element.tag == "tbody" else around
            around = kept | {k: v for k, v in data.items() if k in (*CELL, "data-seed")}
        if "data-figure" in data:
            mine = {k.removeprefix("data-"): v for k, v in (around | data).items() if k.startswith("data-")}
            found.append((mine, element.text))
    return found


def value(mean: float | None, *flags: Flag, n: int = 5) -> Value:
    return Value(mean, None if mean is None else 0.01, n if mean is not None else 0, 5, frozenset(flags))


def sheet(*values: Value, interval: bool = False) -> Table:
    """Return one column of methods M0, M1, ... on task toy with 25 minority images."""
    rows = tuple(Row(Label(f"M{k}", key=f"M{k}"), (value,)) for k, value in enumerate(values))
    column = Label("25", "#few", "toy:25", PLACE)
    return mark_best(Table("toy", "Toy", "", "Method", (column,), rows, interval=interval, metric="acsa"))


def page(*tables: Table, **fields: object) -> Report:
    sheets = (Sheet("toy", "Toy", {f"view {k}": table for k, table in enumerate(tables)}, "folded"),)
    return Report("Title", "Banner", "cpu", sheets=sheets, **fields)  # type: ignore[arg-type]


def cells(page: Report) -> list[Element]:
    """Return the cells of tables below the legend."""
    return [element for element in elements(page) if element.tag == "td" and "tbody" in element.parents]


def test_every_number_of_a_table_can_be_computed_again() -> None:
    runs = {target_of(cell.spot): {run.seed: run.figures for run in cell.runs} for cell in demo_page().cells}
    checked = Counter[str]()
    for data, text in figures_within(render(demo_page())):
        if data["figure"] not in ("mean", "half_width", "run"):
            continue
        mine = runs[target_of(Spot(data["method"], data["task"], data["place"]))]
        figures = {seed: figures[data["metric"]] for seed, figures in mine.items()}
        each = list(figures.values())
        low, high = stats.t.interval(0.95, len(figures) - 1, np.mean(each), stats.sem(each))
        again = {"mean": np.mean(each), "half_width": (high - low) / 2}
        expected = figures[int(data["seed"])] if data["figure"] == "run" else again[data["figure"]]
        assert float(data["value"]) == pytest.approx(expected, abs=0.51 * 10**-DIGITS) and text == f"{expected:.4f}"
        checked[data["figure"]] += 1
    assert set(checked) == {"mean", "half_width", "run"} and min(checked.values()) >= 10


def test_of_a_cell_of_many_runs_the_page_has_the_means_and_names_the_records() -> None:
    few, many = demo_page().cells[:2]
    whole = replace(many, runs=tuple(replace(many.runs[0], seed=k, record=f"{k:020d}") for k in range(20)))
    shown = render(replace(demo_page(), cells=(few, whole)))
    runs = [data for data, _ in figures_within(shown) if data["figure"] == "run"]
    assert {(data["method"], data["place"]) for data in runs} == {(few.spot.method, few.spot.place)}
    assert all(f"{k:020d}" in shown for k in range(20)) and "20 runs, whose figures are in cells.csv" in shown


def test_every_number_in_a_table_has_attributes() -> None:
    bare = read(re.sub(r"<(a|span) [^>]*data-figure=[^>]*>[^<]*</\1>", "", render(demo_page())))
    left = [e.text for e in bare if e.tag == "td" and "data-figure" not in e.attributes]
    assert len(left) > 500 and not [text for text in left if re.search(r"\d\.\d{4}", text)]


def test_what_is_no_number_is_said_in_words() -> None:
    states = [
        value(0.7, "partial", n=4),
        value(0.6, "stale"),
        value(None, "failed"),
        value(None, "missing"),
        value(None, "not applicable"),
        Value(),
    ]
    texts = [squeezed(cell.text) for cell in cells(page(sheet(*states)))]
    assert texts == [
        "0.7000 (4/5) (some runs are lacking)",
        "0.6000 (best)† (made by code that has changed since)",
        "failed",
        "missing",
        "n/a",
        "not run",
    ]


def test_best_and_its_equals_are_told_by_more_than_colour() -> None:
    best, equal, worse = cells(page(sheet(value(0.8, "alike"), value(0.79, "alike"), value(0.5))))
    assert best.attributes["class"] == "best" and squeezed(best.text) == "0.8000 (best)"
    assert squeezed(equal.text) == "0.7900≈ (not distinguishable from the best)"
    assert squeezed(worse.text) == "0.5000" and "class" not in worse.attributes


def test_only_differences_fade_below_the_floor() -> None:
    spot = Spot("CS+US", *PLACE)
    label, column = Label("US+CS", key="US+CS"), Label("25", key="toy:25", place=PLACE)
    kinds = (("ours", 0.5), ("paper", 0.51), ("difference", -0.01))
    rows = tuple(Row(label, (value(v),), kind, kind == "ours") for kind, v in kinds)  # type: ignore[arg-type]
    faint = frozenset({spot})
    shown = page(Table("toy", "Toy", "", "Method", (column,), rows, metric="acsa", faint=faint))
    ours, paper, difference = cells(shown)
    assert [e.attributes.get("data-against") for e in elements(shown) if "data-figure" in e.attributes] == [
        None,
        "paper",
        "paper",
    ]
    assert "class" not in ours.attributes and paper.attributes["class"] == "paper"
    assert set(difference.attributes["class"].split()) == {"faint", "difference"} and difference.text == "-0.0100"


def test_a_number_leads_to_its_runs_and_the_command_that_makes_them() -> None:
    frame = pd.DataFrame(
        {
            "task": "toy",
            "minority_count": 25,
            "majority_count": 450,
            "place": "450:25",
            "counts": "450:25",
            "chosen": "",
            "method": "CBL(beta=0.9)",
            "profile": "cpu",
            "seed": [0, 1, 2],
            "status": ["done", "failed", "stale"],
            "record": ["aa", "bb", "cc"],
            "error": ["", "the loss became nan", ""],
            "f1_minority": [0.1, None, 0.3],
            "f1_majority": [0.2, None, 0.4],
            "acsa": [0.3, None, 0.5],
        }
        | dict.fromkeys(("g_mean", "roc_auc", "average_precision", "accuracy", "ece", "log_loss"))
    )
    (cell,) = provenances(frame, {("toy", "450:25"): ("--minority", "25")})
    assert cell.shown == "450:25" and cell.means[2].mean == pytest.approx(0.4)
    assert shlex.split(cell.commands[0]) == shlex.split(
        "imbench run --dataset toy --method 'CBL(beta=0.9)' --minority 25 --seeds 3 --profile cpu"
    )
    assert shlex.split(cell.commands[1])[2] == "toy/25/CBL(beta=0.9)/0"
    shown = page(table_of("CBL(beta=0.9)"), cells=(cell,))
    found = elements(shown)
    link = next(e for e in found if e.tag == "a" and e.attributes.get("data-figure") == "mean")
    runs = next(e for e in found if e.attributes.get("id") == link.attributes["href"][1:])
    assert all(
        text in squeezed(runs.text) for text in ("aa", "bb failed: the loss became nan", "cc stale", "--seeds 3")
    )


def table_of(method: str) -> Table:
    rows = (Row(Label(method, key=method), (value(0.4),)),)
    return Table("toy", "Toy", "", "Method", (Label("25", key="toy:25", place=PLACE),), rows, metric="acsa")
