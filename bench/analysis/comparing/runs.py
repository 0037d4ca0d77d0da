"""Cells of a set of records: what each record is called in a table, and which of another set it stands against."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.identity import differences
from bench.record import Record, canonical
from bench.analysis.frame import Adjust
from bench.training.composition import Composition


@dataclass(frozen=True, order=True)
class Place:
    """A table's cell, over all seeds. `protocol` is the canonical text of the second set's, if the two differ."""

    task: str
    counts: tuple[int, ...]
    method: str
    protocol: str


@dataclass(frozen=True)
class Run:
    """One seed's record with the decision of the cell's method."""

    record: Record
    adjust: Adjust

    @property
    def scores(self) -> np.ndarray:
        """Adjusted probabilities of the test images, float (I, K)."""
        assert self.record.test is not None
        return self.adjust(self.record.test.probabilities.array(), np.array(self.record.identity["counts"]))


FIXED = ("subset", "stage")
Cells = dict[Place, dict[int, Run]]
Named = list[tuple[str, Adjust]]


def cells_of(records: Iterable[Record], rows: Callable[[str], list[Composition]]) -> Cells:
    """Return the finished fits by place and seed.

    A record stands for each row of `rows(task)` whose training part it is: under TS and Vanilla, say. One that is
    nobody's goes to the row of the same names without arguments, if no other record is that row's, so that a changed
    default does not part two cells; else by its own name. Fits in which a single stream was varied are no cell of a
    table. Of two records for one cell the one that was finished last counts.
    """
    fits = sorted(filter(_is_cell, records), key=lambda it: it.finished)
    known = {task: rows(task) for task in {str(record.identity["dataset"]) for record in fits}}
    cells: Cells = {}
    others = []
    for record in fits:
        exact = [row for row in known[record.identity["dataset"]] if row.training_part == record.identity["method"]]
        _enter(cells, record, [(row.name, row.hook("adjust")) for row in exact])
        others += [] if exact else [record]
    taken = set(cells)
    for record in others:
        names = [name for name, _ in record.identity["method"]]
        bare = [
            row
            for row in known[record.identity["dataset"]]
            if "(" not in row.name and list(row.training_parts) == names and _place(record, row.name) not in taken
        ]
        own: Named = [(_spelled(record.identity["method"]), _plain)]
        _enter(cells, record, [(row.name, row.hook("adjust")) for row in bare] or own)
    return cells


def rows_of(config: Config) -> Callable[[str], list[Composition]]:
    """Return what gives a task's rows: the methods of bench.toml with the profile's arguments."""

    def rows(task: str) -> list[Composition]:
        given = config.profile.arguments(task)
        return [compose(row, config.composition.allow, given) for row in config.run.methods]

    return rows


def same_protocols(ours: Cells, theirs: Cells) -> Cells:
    """Return our cells under their protocols: equal ones meet, and of the rest those that differ in the fewest fields.

    So the cells of a profile that was changed between two commits still stand against each other.
    """
    names: dict[tuple[str, str], str] = {}
    for task in {place.task for place in ours}:
        mine, others = ({it.protocol for it in cells if it.task == task} for cells in (ours, theirs))
        rest = sorted(others - mine)
        for protocol in sorted(mine - others):
            if rest:
                nearest = min(rest, key=partial(_distance, protocol))
                rest.remove(nearest)
                names[task, protocol] = nearest
    return {
        Place(it.task, it.counts, it.method, names.get((it.task, it.protocol), it.protocol)): runs
        for it, runs in ours.items()
    }


def _is_cell(record: Record) -> bool:
    """Say whether it is a finished fit with the streams of `seed = s`, whatever streams there were in its time."""
    if record.kind != "fit" or record.status != "done" or record.test is None:
        return False
    streams = record.identity["streams"]
    varied = {number for name, number in streams.items() if name not in FIXED}
    return len(varied) == 1 and not any(streams.get(name) for name in FIXED)


def _place(record: Record, method: str) -> Place:
    identity = record.identity
    return Place(identity["dataset"], tuple(identity["counts"]), method, canonical(identity["protocol"]))


def _enter(cells: Cells, record: Record, names: Named) -> None:
    for name, adjust in names:
        cells.setdefault(_place(record, name), {})[record.identity["streams"]["order"]] = Run(record, adjust)


def _spelled(training_part: list[list[Any]]) -> str:
    """Return a training part as an expression; its parameters are all there, defaults among them."""
    terms = []
    for name, parameters in training_part:
        inner = ", ".join(f"{key}={value}" for key, value in parameters.items())
        terms.append(f"{name}({inner})" if inner else name)
    return "+".join(terms) or "Vanilla"


def _plain(probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return probabilities


def _distance(ours: str, theirs: str) -> int:
    return len(list(differences(json.loads(ours), json.loads(theirs))))
