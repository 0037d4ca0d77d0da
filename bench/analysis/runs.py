"""Runs of a set of records: which rows of a table each record is, as a frame that another set can be joined with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.baseline import plain
from bench.analysis.decisions import Decide, Decided, decision_of
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.identity import differences
from bench.record import Record, canonical
from bench.training.composition import Composition

CELL = ["task", "counts", "method", "protocol"]  # `protocol` is canonical text, `counts` a tuple
FIXED = ("subset", "stage")
Named = list[tuple[str, Decide]]


def runs_of(records: Iterable[Record], rows: Callable[[str], list[Composition]]) -> pd.DataFrame:
    """Return the finished fits with the columns `CELL`, seed, record and decide.

    A record stands for each row of `rows(task)` whose training part it is: under TS and Vanilla, say. One that is
    nobody's goes to the row of the same names without arguments, if no other record is that row's, so that a changed
    default does not part two cells; else by its own name. Fits in which a single stream was varied are no cell of a
    table. Of two records for one cell the one that was finished last counts.
    """
    fits = sorted(filter(_is_cell, records), key=lambda it: it.finished)
    known = {task: rows(task) for task in {str(record.identity["dataset"]) for record in fits}}
    found: list[tuple[Any, ...]] = []
    others = []
    for record in fits:
        exact = [row for row in known[record.identity["dataset"]] if row.training_part == record.identity["method"]]
        found += _entries(record, [(row.name, decision_of(row.expression)) for row in exact])
        others += [] if exact else [record]
    taken = {entry[:4] for entry in found}
    for record in others:
        names = [name for name, _ in record.identity["method"]]
        bare = [
            row
            for row in known[record.identity["dataset"]]
            if "(" not in row.name and list(row.training_parts) == names and _cell(record, row.name) not in taken
        ]
        own: Named = [(_spelled(record.identity["method"]), _as_said)]
        found += _entries(record, [(row.name, decision_of(row.expression)) for row in bare] or own)
    return pd.DataFrame(found, columns=[*CELL, "seed", "record", "decide"]).drop_duplicates(
        [*CELL, "seed"], keep="last"
    )


def rows_of(config: Config) -> Callable[[str], list[Composition]]:
    """Return what gives a task's rows: the methods of bench.toml with the profile's arguments."""

    def rows(task: str) -> list[Composition]:
        given = config.profile.arguments(task)
        return [compose(row, config.composition.allow, given) for row in config.run.methods]

    return rows


def same_protocols(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return our runs under their protocols: equal ones meet, and of the rest those that differ in the fewest fields.

    So the cells of a profile that was changed between two commits still stand against each other.
    """
    names: dict[tuple[str, str], str] = {}
    for task in ours["task"].unique():
        mine, others = ({*frame.loc[frame["task"] == task, "protocol"]} for frame in (ours, theirs))
        rest = sorted(others - mine)
        for protocol in sorted(mine - others):
            if rest:
                nearest = min(rest, key=partial(_distance, protocol))
                rest.remove(nearest)
                names[task, protocol] = nearest
    pairs = zip(ours["task"], ours["protocol"], strict=True)
    return ours.assign(protocol=[names.get(pair, pair[1]) for pair in pairs])


def _is_cell(record: Record) -> bool:
    """Say whether it is a finished fit with the streams of `seed = s`, whatever streams there were in its time."""
    if record.kind != "fit" or record.status != "done" or record.test is None:
        return False
    streams = record.identity["streams"]
    varied = {number for name, number in streams.items() if name not in FIXED}
    return len(varied) == 1 and not any(streams.get(name) for name in FIXED)


def _cell(record: Record, method: str) -> tuple[Any, ...]:
    identity = record.identity
    return identity["dataset"], tuple(identity["counts"]), method, canonical(identity["protocol"])


def _entries(record: Record, names: Named) -> list[tuple[Any, ...]]:
    seed = record.identity["streams"]["order"]
    return [(*_cell(record, name), seed, record, decide) for name, decide in names]


def _spelled(training_part: list[list[Any]]) -> str:
    """Return a training part as an expression; its parameters are all there, defaults among them."""
    terms = []
    for name, parameters in training_part:
        inner = ", ".join(f"{key}={value}" for key, value in parameters.items())
        terms.append(f"{name}({inner})" if inner else name)
    return "+".join(terms) or plain()


def _as_said(record: Record) -> Decided:
    assert record.test is not None
    return Decided(np.asarray(record.test.probabilities.array()))


def _distance(ours: str, theirs: str) -> int:
    return len(list(differences(json.loads(ours), json.loads(theirs))))
