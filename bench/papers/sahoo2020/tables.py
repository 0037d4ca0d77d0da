"""Tables 1 to 10 of Sahoo et al. 2020 (arXiv 2008.05524): their layouts and published numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from bench.analysis.layout import Key, Layout, Part, Place, method_key

CITATION = "Sahoo et al. 2020, arXiv 2008.05524"
TASKS = {"CelebA": ("celeba", "CelebA"), "CUB-200-2011": ("cub", "CUB"), "Horse2Zebra": ("horse2zebra", "Horse2Zebra")}
MAJORITY = {"celeba": "female", "cub": "sparrow", "horse2zebra": "horse"}
MINORITY = {"celeba": "male", "cub": "flycatcher", "horse2zebra": "zebra"}
HALVES = {1: ("table_1_celeba", "table_1_cub")}
METHODS_ACROSS = {3}
NUMBERS = (1, 3, 4, 5, 6, 7, 8, 9, 10)


@cache
def layouts() -> tuple[Layout, ...]:
    """Return the layouts of the tables of methods, 1 and 3 to 10, in the order of their numbers."""
    tables = _tables()
    return tuple(_layout(number, tables) for number in NUMBERS)


@cache
def translation_layout() -> Layout:
    """Return the layout of Table 2, whose rows are translators and whose parts are all three datasets."""
    parts: list[Part] = []
    published: dict[tuple[Key, Place], float] = {}
    known = {part.task: part for layout in layouts() for part in layout.parts}
    halves = _tables()["table_2"]["parts"].values()
    for half in halves:
        task, _ = TASKS[half["dataset"]]
        parts.append(replace(known[task], counts=tuple(half["columns"])))
        published |= _published(half)
    methods = tuple(dict.fromkeys(row for half in halves for row in half["rows"]))
    return Layout("table_02", "translation_accuracy", tuple(parts), methods, 2, published=published)


def shown(task: str) -> str:
    """Return what the paper calls a dataset of ours; other datasets go by their names."""
    return dict(TASKS.values()).get(task, task)


def tasks() -> frozenset[str]:
    """Return the names of the datasets that the paper's tables show."""
    return frozenset(task for task, _ in TASKS.values())


def places() -> frozenset[Place]:
    """Return every (task, minority count) that some table of the paper shows."""
    return frozenset(place for layout in layouts() for place in layout.places)


@cache
def _tables() -> dict[str, Any]:
    source = resources.files("bench.papers.sahoo2020").joinpath("tables.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(source)
    return tables


def _layout(number: int, tables: dict[str, Any]) -> Layout:
    halves = [tables[name] for name in HALVES.get(number, (f"table_{number}",))]
    published: dict[tuple[Key, Place], float] = {}
    for half in halves:
        published |= _published(half)
    return Layout(
        name=f"table_{number:02d}",
        metric=halves[0]["metric"].split("(")[0].lower(),
        parts=tuple(_part(half) for half in halves),
        methods=tuple(halves[0]["rows"]),
        number=number,
        methods_across=number in METHODS_ACROSS,
        published=published,
        remarks=_remarks(number, tables["notes"]),
    )


def _published(half: dict[str, Any]) -> dict[tuple[Key, Place], float]:
    task, _ = TASKS[half["dataset"]]
    return {
        (method_key(method), (task, count)): value
        for method, values in half["rows"].items()
        for count, value in zip(half["columns"], values, strict=True)
    }


def _part(half: dict[str, Any]) -> Part:
    task, shown = TASKS[half["dataset"]]
    return Part(task, shown, MINORITY[task], MAJORITY[task], half["majority_count"], tuple(half["columns"]))


def _remarks(number: int, notes: list[str]) -> tuple[str, ...]:
    """Return the notes on single printed numbers of one table: corrected, doubtful or oddly printed."""
    starts = ("Corrected", "Not corrected", "Printed with")
    return tuple(note for note in notes if note.startswith(starts) and re.search(rf"Table {number}\b", note))
