"""Layouts: which methods and places a table shows, in which order and which way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from unicodedata import lookup

import pandas as pd

from bench.analysis.metrics import MAIN, METRICS, commonest, rarest
from bench.analysis.spots import Key, Place, method_key

TITLES = {name: metric.title for name, metric in METRICS.items()} | {
    "translation_accuracy": "share of translated images that the evaluator takes for the target class"
}
GREEK = {name: lookup(f"GREEK SMALL LETTER {name}") for name in ("alpha", "beta", "gamma", "tau")}
Published = Mapping[tuple[Key, Place], float]


@dataclass(frozen=True)
class Label:
    """Heading of a row or column. Neighbours of one `group` share a header above them; `key` is for machines.

    `place` is what the heading stands for, None where it is not a place.
    """

    text: str
    group: str = ""
    key: str = ""
    place: Place | None = None

    @property
    def flat(self) -> str:
        """Group and text in one line, for formats without a double header."""
        return f"{self.group} {self.text}".strip()


@dataclass(frozen=True)
class Column:
    """One place of a task: its label and the training images of its classes."""

    place: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """One task's share of a table's columns, and what its classes are called.

    `minority` and `majority` are the rarest and the commonest class, of the first place where they differ by place.
    """

    task: str
    shown: str
    minority: str
    majority: str
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the rarest and the commonest class are the same in all columns."""
        return len({(rarest(it.counts), commonest(it.counts)) for it in self.columns}) < 2

    @property
    def by_count(self) -> bool:
        """Whether a column goes by the count of the minority: of two classes, the same in all columns."""
        return self.settled and all(len(it.counts) == 2 for it in self.columns)

    def text(self, column: Column) -> str:
        """Return what heads a column: the count of the minority class where that says all, else its label."""
        smallest = [min(it.counts) for it in self.columns]
        return str(min(column.counts)) if self.by_count and smallest.count(min(column.counts)) == 1 else column.place


@dataclass(frozen=True)
class Layout:
    """The frame of a table. `published` holds a paper's numbers by (method key, place); empty where it has none.

    `number` is that of the paper's table, `citation` says which paper, and its means are over `runs`.
    """

    name: str
    metric: str
    parts: tuple[Part, ...]
    methods: tuple[str, ...]
    number: int | None = None
    methods_across: bool = False
    published: Published = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    citation: str = ""
    runs: int = 1

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place, part after part."""
        return tuple((part.task, column.place) for part in self.parts for column in part.columns)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose cells this table shows."""
        return tuple(part.task for part in self.parts)

    @property
    def title(self) -> str:
        """What the table shows, such as `Horse2Zebra: F1 of the minority class (zebra)`."""
        *others, last = (part.shown for part in self.parts)
        data = f"{', '.join(others)} and {last}" if others else last
        named = {
            "f1_minority": [p.minority if p.settled else "the rarer at each place" for p in self.parts],
            "f1_majority": [p.majority if p.settled else "the commoner at each place" for p in self.parts],
        }
        classes = f" ({', '.join(named[self.metric])})" if self.metric in named else ""
        return f"{data}: {TITLES[self.metric]}{classes}"

    @property
    def heading(self) -> str:
        """The title after the paper's table number, if it has one."""
        return f"Table {self.number}. {self.title}" if self.number else self.title

    @property
    def lower_is_better(self) -> bool:
        """Whether the lowest number of a column is its best."""
        return self.metric in METRICS and METRICS[self.metric].lower_is_better

    def place_labels(self) -> list[Label]:
        """Return the headings of all places, each under its task, or under the class it counts if there is one task."""
        found = []
        for part in self.parts:
            counted = f"#{part.minority}" if part.by_count else ""
            group = "" if self.methods_across else part.shown if len(self.parts) > 1 else counted
            for column in part.columns:
                text = part.text(column)
                found.append(Label(text, group, f"{part.task}:{text}", (part.task, column.place)))
        return found


def method_label(method: str, across: bool = False) -> Label:
    """Return a method's heading; across, variants of one method share the header `CBL`."""
    called = re.fullmatch(r"(\w+)\((.+)\)", method)
    if not called:
        return Label(method, key=method)
    arguments = re.sub(r"\b(\w+)=", lambda match: f"{GREEK.get(match[1], match[1])}=", called[2])
    return Label(arguments, called[1], method) if across else Label(f"{called[1]} ({arguments})", key=method)


def columns_of(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the places that a task's rows have: by the minority's count for two classes, else as they come."""
    there = frame.drop_duplicates("place")
    found = [
        Column(place, tuple(map(int, counts.split(":"))))
        for place, counts in zip(there["place"], there["counts"], strict=True)
    ]
    of_two = all(len(column.counts) == 2 for column in found)
    return tuple(sorted(found, key=lambda it: (min(it.counts), -max(it.counts))) if of_two else found)


def part_of(task: str, frame: pd.DataFrame, shown: str = "") -> Part:
    """Return a task's part with the places that `frame` has rows of, which are of this task only."""
    first = frame.iloc[0]
    columns, names = columns_of(frame), tuple(str(first.get("classes", "")).split(":"))
    told = len(names) == len(columns[0].counts)  # a name may have a colon in it
    return Part(task, shown or task, first["minority"], first["majority"], columns, names if told else ())


def generic(frame: pd.DataFrame, task: str, main: bool = True, shown: str = "") -> list[Layout]:
    """Return one layout for each metric that says something of a task's places; `frame` holds its cells only.

    `main` are those of the first tables; the others say more of the same decisions and probabilities.
    """
    part = part_of(task, frame, shown)
    methods = tuple(dict.fromkeys(frame["method"]))
    names = [name for name in METRICS if (name in MAIN) == main and name != "accuracy"]
    told = [name for name in names if any(not METRICS[name].supports(column.counts) for column in part.columns)]
    return [Layout(f"{task}_{name}", name, (part,), methods) for name in told]


def adopted(layout: Layout, frame: pd.DataFrame) -> Layout:
    """Return a paper's layout with each place under the label that our cells of it have.

    Ours may have fewer images of the majority class; then it is the count of the minority, of the same class, that
    makes it the same column. One that was not run keeps the paper's own label.
    """
    parts, names = [], dict[Place, Place]()
    for part in layout.parts:
        rows = frame[frame["task"] == part.task]
        mine = columns_of(rows) if len(rows) else ()
        columns = []
        for column in part.columns:
            same = [it for it in mine if len(it.counts) == 2 and _rarity(it) == _rarity(column)]
            ours = next((it for it in same if it.counts == column.counts), same[0] if same else column)
            names[part.task, column.place] = (part.task, ours.place)
            columns.append(ours)
        parts.append(replace(part, columns=tuple(columns)))
    published = {(key, names[place]): value for (key, place), value in layout.published.items()}
    return replace(layout, parts=tuple(parts), published=published)


def _rarity(column: Column) -> tuple[int, int]:
    return rarest(column.counts), min(column.counts)


def extended(layout: Layout, frame: pd.DataFrame, elsewhere: Collection[Place] = ()) -> Layout:
    """Append methods and places that were run but are not in the layout.

    `elsewhere` are places that another table of the same paper shows; they are not repeated here.
    """
    known = {method_key(method) for method in layout.methods}
    mine = frame[frame["task"].isin(layout.tasks)]
    methods = tuple(method for method in dict.fromkeys(mine["method"]) if method_key(method) not in known)
    shown, parts = {*layout.places, *elsewhere}, []
    for part in layout.parts:
        rows = mine[mine["task"] == part.task]
        new = [it for it in (columns_of(rows) if len(rows) else ()) if (part.task, it.place) not in shown]
        parts.append(replace(part, columns=part.columns + tuple(new)))
    return replace(layout, parts=tuple(parts), methods=layout.methods + methods)


def ablated(method: str, rows: Collection[str]) -> str:
    """Return which of a paper's rows a method is an ablation of: AUG for `AUG(class_weight=off)`; "" if of none."""
    called = re.fullmatch(r"(\w+)\(.*\)", method.replace(" ", ""))
    return called[1] if called and "+" not in called[1] and method not in rows and called[1] in rows else ""


def main_rows(cells: pd.DataFrame, is_aside: Callable[[str], object]) -> pd.DataFrame:
    """Return the cells that the main tables are made of: of the first translator, and no ablation."""
    asides = [method for method in cells["method"].unique() if is_aside(method)]
    return cells[(cells["translator"] == 0) & ~cells["method"].isin(asides)]
