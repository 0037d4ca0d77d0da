"""Compare: two sets of records joined cell by cell, and which figures moved by more than noise explains."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from bench.analysis.moves import Cell, Move, moves
from bench.analysis.runs import CELL, rows_of, runs_of, same_protocols
from bench.analysis.sides import Side
from bench.plan.config import Config
from bench.plan.identity import differences, protocol_identity
from bench.record import Record

ORDER = ("moved", "noise unknown", "within the noise", "same")
LACKING = {"left_only": "only in A", "right_only": "only in B"}


@dataclass(frozen=True)
class Moves:
    """What two sets of records say of the same cells.

    Attributes
    ----------
    moves
        Every figure of every cell that both sides have.
    lacking
        (only in A or B, cell, seeds): runs that one side lacks.
    changes
        (kind, what, runs): fields of the identity, modules of the code and facts of the environment that differ.
    profiles
        Names of the protocols, by task and canonical text.
    """

    moves: tuple[Move, ...]
    lacking: tuple[tuple[str, Cell, list[int]], ...]
    changes: tuple[tuple[str, str, int], ...]
    profiles: dict[tuple[str, str], str]

    @property
    def moved(self) -> tuple[Move, ...]:
        """The figures that noise does not explain."""
        return tuple(move for move in self.moves if move.moved == "moved")

    @property
    def by_count(self) -> bool:
        """Whether all tasks have two classes, and the count of the minority names a place."""
        cells = [*(move.cell for move in self.moves), *(cell for _, cell, _ in self.lacking)]
        places = {(task, counts) for task, counts, _, _ in cells}
        return all(len(counts) == 2 for _, counts in places) and len({(it, min(n)) for it, n in places}) == len(places)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per figure that is not the same, those that moved first."""
        changed = sorted((it for it in self.moves if it.moved != "same"), key=lambda it: ORDER.index(it.moved))
        return [
            {
                **self._shown(move.cell),
                "metric": move.metric,
                "A": round(move.ours, 4),
                "B": round(move.theirs, 4),
                "B - A": round(move.difference, 4),
                "+-": None if move.half_width is None else round(move.half_width, 4),
                "seeds": move.seeds,
                "verdict": move.moved,
            }
            for move in changed
        ]

    def other_rows(self) -> list[dict[str, Any]]:
        """Return one row per cell that one side lacks, with its seeds, and one per field that changed."""
        lacking = [
            {
                "what": what,
                "which": f"{'/'.join(map(str, self._shown(cell).values()))}, seeds {seeds}",
                "runs": len(seeds),
            }
            for what, cell, seeds in self.lacking
        ]
        return [*lacking, *({"what": f"{kind} changed", "which": what, "runs": n} for kind, what, n in self.changes)]

    def _shown(self, cell: Cell) -> dict[str, Any]:
        task, counts, method, protocol = cell
        name = "minority" if self.by_count else "counts"
        place = min(counts) if self.by_count else ":".join(map(str, counts))
        return {"task": task, name: place, "method": method, "profile": self.profiles.get((task, protocol), "unnamed")}


def compare(ours: Side, theirs: Side, config: Config) -> Moves:
    """Compare records A (`ours`) with B (`theirs`), cell by cell: task, counts, method, seed and profile.

    `config` names the rows, so that one fit is both Vanilla's and TS's cell, and the profiles. A profile whose fields
    were changed meets its older self; see `bench.analysis.runs.same_protocols`.
    """
    rows = rows_of(config)
    second = runs_of(theirs.records, rows)
    first = same_protocols(runs_of(ours.records, rows), second)
    joined = first.merge(second, "outer", on=[*CELL, "seed"], suffixes=("_a", "_b"), indicator="sides")
    pairs = joined[joined["sides"] == "both"]
    alone = joined[joined["sides"] != "both"].astype({"sides": str})
    lacking = [
        (LACKING[side], cast(Cell, cell), sorted(runs["seed"].tolist()))
        for side in LACKING
        for cell, runs in alone[alone["sides"] == side].groupby(CELL)
    ]
    return Moves(tuple(moves(pairs)), tuple(lacking), tuple(_changes(pairs)), _profiles(config, joined))


def _changes(pairs: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Return (kind, what, runs) for every field that differs in a pair of records, most frequent first.

    Kinds are `identity` (protocol, split, method's parameters, ...), `code` (a module's name) and `environment`.
    """
    found: Counter[tuple[str, str]] = Counter()
    each = {(a.id, b.id): (a, b) for a, b in zip(pairs["record_a"], pairs["record_b"], strict=True)}
    for first, second in each.values():
        found.update(_between(first, second))
    return [(kind, what, runs) for (kind, what), runs in sorted(found.items(), key=lambda it: (-it[1], it[0]))]


def _between(ours: Record, theirs: Record) -> Iterator[tuple[str, str]]:
    for line in differences(ours.identity, theirs.identity):
        yield "identity", line
    for module in sorted(ours.code.keys() | theirs.code.keys()):
        if ours.code.get(module) != theirs.code.get(module):
            yield "code", module
    for line in differences(ours.environment, theirs.environment):
        yield "environment", line


def _profiles(config: Config, runs: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the name of the profile whose protocol each cell has, where bench.toml has one."""
    names = {}
    for task, text in set(zip(runs["task"], runs["protocol"], strict=True)):
        for name, profile in config.profiles.items():
            if protocol_identity(profile.protocol(task)) == json.loads(text):
                names[task, text] = name
    return names
