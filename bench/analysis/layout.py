"""Layouts: which methods and minority counts a table shows, in which order and which way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from unicodedata import lookup

import pandas as pd

from bench.report.table import Label

Key = tuple[str, ...]
Place = tuple[str, int]  # task, minority count
METRICS = {
    "f1_minority": "F1 of the minority class",
    "f1_majority": "F1 of the majority class",
    "acsa": "ACSA, the mean recall of the classes",
}
TITLES = METRICS | {"translation_accuracy": "share of translated images that the evaluator takes for the target class"}
GREEK = {name: lookup(f"GREEK SMALL LETTER {name}") for name in ("alpha", "beta", "gamma", "tau")}


@dataclass(frozen=True)
class Part:
    """One task's share of a table's columns: its minority counts and what its classes are called."""

    task: str
    shown: str
    minority: str
    majority: str
    majority_count: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """The frame of a table. `published` holds the paper's numbers by (method key, place); empty where it has none."""

    name: str
    metric: str
    parts: tuple[Part, ...]
    methods: tuple[str, ...]
    number: int | None = None
    methods_across: bool = False
    published: Mapping[tuple[Key, Place], float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Every (task, minority count), part after part."""
        return tuple((part.task, count) for part in self.parts for count in part.counts)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose cells this table shows."""
        return tuple(part.task for part in self.parts)

    @property
    def title(self) -> str:
        """What the table shows, such as `Horse2Zebra: F1 of the minority class (zebra)`."""
        *others, last = (part.shown for part in self.parts)
        data = f"{', '.join(others)} and {last}" if others else last
        named = {"f1_minority": [p.minority for p in self.parts], "f1_majority": [p.majority for p in self.parts]}
        classes = f" ({', '.join(named[self.metric])})" if self.metric in named else ""
        return f"{data}: {TITLES[self.metric]}{classes}"

    @property
    def heading(self) -> str:
        """The title after the paper's table number, if it has one."""
        return f"Table {self.number}. {self.title}" if self.number else self.title


def method_key(method: str) -> Key:
    """Return what makes two spellings the same row: blanks and the order around `+` do not matter."""
    return tuple(sorted(method.replace(" ", "").split("+")))


def method_label(method: str, across: bool) -> Label:
    """Return a method's heading; across, variants of one method share the header `CBL`."""
    called = re.fullmatch(r"(\w+)\((.+)\)", method)
    if not called:
        return Label(method, key=method)
    arguments = re.sub(r"\b(\w+)=", lambda match: f"{GREEK.get(match[1], match[1])}=", called[2])
    return Label(arguments, called[1], method) if across else Label(f"{called[1]} ({arguments})", key=method)


def place_label(layout: Layout, place: Place) -> Label:
    """Return a minority count's heading under its task, or under the class it counts if there is one task only."""
    task, count = place
    part = next(part for part in layout.parts if part.task == task)
    group = part.shown if len(layout.parts) > 1 else f"#{part.minority}"
    return Label(str(count), "" if layout.methods_across else group, f"{task}:{count}")


def part_of(task: str, frame: pd.DataFrame, shown: str = "") -> Part:
    """Return a task's part with the minority counts that `frame` has rows of, which are of this task only."""
    first, counts = frame.iloc[0], tuple(sorted({int(count) for count in frame["minority_count"]}))
    return Part(task, shown or task, first["minority"], first["majority"], int(first["majority_count"]), counts)


def generic(frame: pd.DataFrame, task: str) -> list[Layout]:
    """Return one layout for each of `METRICS`, for a task that no paper's table shows; `frame` holds its cells only."""
    part = part_of(task, frame)
    methods = tuple(dict.fromkeys(frame["method"]))
    return [Layout(f"{task}_{metric}", metric, (part,), methods) for metric in METRICS]


def extended(layout: Layout, frame: pd.DataFrame, elsewhere: Iterable[Place] = ()) -> Layout:
    """Append methods and minority counts that were run but are not in the layout.

    `elsewhere` are places that another table of the same paper shows; they are not repeated here.
    """
    known = {method_key(method) for method in layout.methods}
    shown = {*layout.places, *elsewhere}
    mine = frame[frame["task"].isin(layout.tasks)]
    methods = tuple(method for method in dict.fromkeys(mine["method"]) if method_key(method) not in known)
    parts = []
    for part in layout.parts:
        run = {int(count) for count in mine.loc[mine["task"] == part.task, "minority_count"]}
        new = tuple(sorted(count for count in run if (part.task, count) not in shown))
        parts.append(replace(part, counts=part.counts + new))
    return replace(layout, parts=tuple(parts), methods=layout.methods + methods)
