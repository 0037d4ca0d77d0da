"""Tables 1 to 10 of Sahoo et al. 2020 (arXiv 2008.05524): their layouts and published numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from bench.analysis.layout import Column, Layout, Part
from bench.analysis.spots import Key, Place, method_key

CITATION = "Sahoo et al. 2020, arXiv 2008.05524"
TASKS = {"CelebA": "celeba", "CUB-200-2011": "cub", "Horse2Zebra": "horse2zebra"}  # ours, by the paper's name
SHOWN = {"celeba": "CelebA", "cub": "CUB", "horse2zebra": "Horse2Zebra"}
MAJORITY = {"celeba": "female", "cub": "sparrow", "horse2zebra": "horse"}
MINORITY = {"celeba": "male", "cub": "flycatcher", "horse2zebra": "zebra"}
HALVES = {1: ("table_1_celeba", "table_1_cub")}
METHODS_ACROSS = {3}
NUMBERS = (1, 3, 4, 5, 6, 7, 8, 9, 10)
RUNS = 5


@cache
def layouts() -> tuple[Layout, ...]:
    """Return the layouts of the tables of methods, 1 and 3 to 10, in the order of their numbers."""
    tables = _tables()
    return tuple(_layout(number, tables) for number in NUMBERS)


@cache
def translation_layout() -> Layout:
    """Return the layout of Table 2, whose rows are translators and whose parts are all three datasets."""
    known = {part.task: part for layout in layouts() for part in layout.parts}
    halves = list(_tables()["table_2"]["parts"].values())
    majorities = {task: max(part.columns[0].counts) for task, part in known.items()}
    parts = [
        replace(known[TASKS[half["dataset"]]], columns=_columns(half, majorities[TASKS[half["dataset"]]]))
        for half in halves
    ]
    published = {
        key: value for half in halves for key, value in _published(half, majorities[TASKS[half["dataset"]]]).items()
    }
    methods = tuple(dict.fromkeys(row for half in halves for row in half["rows"]))
    common = {"citation": CITATION, "runs": RUNS}
    return Layout("table_02", "translation_accuracy", tuple(parts), methods, 2, published=published, **common)  # type: ignore[arg-type]


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(resources.files(__package__).joinpath("tables.json").read_text("utf-8"))
    return tables


def _layout(number: int, tables: dict[str, Any]) -> Layout:
    halves = [tables[name] for name in HALVES.get(number, (f"table_{number}",))]
    return Layout(
        name=f"table_{number:02d}",
        metric=halves[0]["metric"].split("(")[0].lower(),
        parts=tuple(_part(half) for half in halves),
        methods=tuple(halves[0]["rows"]),
        number=number,
        methods_across=number in METHODS_ACROSS,
        published={key: value for half in halves for key, value in _published(half, half["majority_count"]).items()},
        remarks=_remarks(number, tables["notes"]),
        citation=CITATION,
        runs=RUNS,
    )


def _columns(half: dict[str, Any], majority: int) -> tuple[Column, ...]:
    return tuple(Column(f"{majority}:{count}", (majority, count)) for count in half["columns"])


def _published(half: dict[str, Any], majority: int) -> dict[tuple[Key, Place], float]:
    task, columns = TASKS[half["dataset"]], _columns(half, majority)
    return {
        (method_key(method), (task, column.place)): value
        for method, values in half["rows"].items()
        for column, value in zip(columns, values, strict=True)
    }


def _part(half: dict[str, Any]) -> Part:
    task = TASKS[half["dataset"]]
    columns, classes = _columns(half, half["majority_count"]), (MAJORITY[task], MINORITY[task])
    return Part(task, SHOWN[task], MINORITY[task], MAJORITY[task], columns, classes)


def _remarks(number: int, notes: list[str]) -> tuple[str, ...]:
    """Return the notes on single printed numbers of one table: corrected, doubtful or oddly printed."""
    starts = ("Corrected", "Not corrected", "Printed with")
    return tuple(note for note in notes if note.startswith(starts) and re.search(rf"Table {number}\b", note))
