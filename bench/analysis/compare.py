"""Compare: which cells of two sets of records moved by more than noise explains."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.plan.config import Config
from bench.analysis.comparing.runs import Cells, Place, cells_of, rows_of, same_protocols
from bench.analysis.comparing.changes import changes
from bench.analysis.comparing.moves import Move, moves
from bench.analysis.comparing.sides import Source

ORDER = ("moved", "noise unknown", "within the noise", "same")


@dataclass(frozen=True)
class Comparison:
    """What two sets of records say of the same cells.

    Attributes
    ----------
    moves
        Every figure of every cell that both sides have.
    only_ours, only_theirs
        Runs, as cell and seed, that the other side lacks.
    changes
        (kind, what, runs): fields of the identity, modules of the code and facts of the environment that differ.
    profiles
        Names of the protocols, by task and canonical text.
    """

    moves: tuple[Move, ...]
    only_ours: tuple[tuple[Place, int], ...]
    only_theirs: tuple[tuple[Place, int], ...]
    changes: tuple[tuple[str, str, int], ...]
    profiles: dict[tuple[str, str], str]

    @property
    def moved(self) -> tuple[Move, ...]:
        """The figures that noise does not explain."""
        return tuple(move for move in self.moves if move.verdict == "moved")

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per figure that is not the same, those that moved first."""
        changed = sorted((it for it in self.moves if it.verdict != "same"), key=lambda it: ORDER.index(it.verdict))
        return [
            {
                **self._cell(move.place),
                "metric": move.metric,
                "A": round(move.ours, 4),
                "B": round(move.theirs, 4),
                "B - A": round(move.difference, 4),
                "+-": None if move.half_width is None else round(move.half_width, 4),
                "seeds": move.seeds,
                "verdict": move.verdict,
            }
            for move in changed
        ]

    def other_rows(self) -> list[dict[str, Any]]:
        """Return one row per cell that one side lacks, with its seeds, and one per field that changed."""
        lacking = [*self._lacking("only in A", self.only_ours), *self._lacking("only in B", self.only_theirs)]
        return [*lacking, *({"what": f"{kind} changed", "which": what, "runs": n} for kind, what, n in self.changes)]

    def _lacking(self, what: str, runs: Iterable[tuple[Place, int]]) -> list[dict[str, Any]]:
        seeds: dict[Place, list[int]] = {}
        for place, seed in runs:
            seeds.setdefault(place, []).append(seed)
        return [
            {"what": what, "which": f"{_shown(self._cell(place))}, seeds {found}", "runs": len(found)}
            for place, found in seeds.items()
        ]

    def _cell(self, place: Place) -> dict[str, Any]:
        profile = self.profiles.get((place.task, place.protocol), "unnamed")
        return {"task": place.task, "minority": min(place.counts), "method": place.method, "profile": profile}


def compare(ours: Source, theirs: Source, config: Config) -> Comparison:
    """Compare records A (`ours`) with B (`theirs`), cell by cell: task, counts, method, seed and profile.

    `config` names the rows, so that one fit is both Vanilla's and TS's cell, and the profiles. A profile whose fields
    were changed meets its older self; see `bench.report.comparison.cells.same_protocols`.
    """
    rows = rows_of(config)
    second = cells_of(theirs.records, rows)
    first = same_protocols(cells_of(ours.records, rows), second)
    return Comparison(
        moves=tuple(moves(first, second)),
        only_ours=_lacking(first, second),
        only_theirs=_lacking(second, first),
        changes=tuple(changes(first, second)),
        profiles=_profiles(config, {*first, *second}),
    )


def _lacking(cells: Cells, other: Cells) -> tuple[tuple[Place, int], ...]:
    return tuple(
        (place, seed) for place in sorted(cells) for seed in sorted(cells[place].keys() - other.get(place, {}))
    )


def _profiles(config: Config, places: Iterable[Place]) -> dict[tuple[str, str], str]:
    """Return the name of the profile whose protocol each place has, where bench.toml has one."""
    names = {}
    for task, text in {(place.task, place.protocol) for place in places}:
        for name, profile in config.profiles.items():
            if profile.protocol(task).model_dump(mode="json") == json.loads(text):
                names[task, text] = name
    return names


def _shown(cell: dict[str, Any]) -> str:
    return "/".join(map(str, cell.values()))
