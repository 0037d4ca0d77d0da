"""Moves: the difference of two sets of runs in each cell, and whether noise explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.comparing.runs import Cells, Place, Run
from bench.analysis.layout import METRICS
from bench.statistics.best import compare
from bench.statistics.outcomes import Outcomes
from bench.analysis import metrics

Verdict = Literal["moved", "within the noise", "noise unknown", "same"]
DRAWS = 4_000
IDENTITY = ("edition", "split")  # with the labels, what makes the test images the same


@dataclass(frozen=True)
class Move:
    """One figure of a cell: means over the seeds that both sides have, and half the width of the interval around
    their difference, None where it is not known."""

    place: Place
    metric: str
    ours: float
    theirs: float
    seeds: int
    half_width: float | None
    verdict: Verdict

    @property
    def difference(self) -> float:
        """Theirs less ours."""
        return self.theirs - self.ours


def moves(ours: Cells, theirs: Cells) -> Iterator[Move]:
    """Give every figure of every cell that both have, in order.

    Intervals are the simultaneous ones of the tables, with the rows of both sides in one column: if nothing differs
    but luck, with chance 95 % no cell of a task is said to have moved. They need two seeds and the same test images;
    else the noise is unknown. Runs with equal probabilities are the same and need no statistics.
    """
    pairs = {place: _common(ours[place], theirs[place]) for place in sorted(ours.keys() & theirs.keys())}
    pairs = {place: runs for place, runs in pairs.items() if runs}
    widths = _half_widths({place: runs for place, runs in pairs.items() if _comparable(runs)})
    for place, runs in pairs.items():
        same = all(_equal(a, b) for a, b in runs.values())
        figures = [_figures(place, [run[side] for run in runs.values()]) for side in (0, 1)]
        for metric, first in figures[0].items():
            second, width = figures[1][metric], widths.get((place, metric))
            verdict: Verdict = "noise unknown" if width is None else "within the noise"
            if same:
                verdict, width = "same", None
            elif width is not None and abs(second - first) > width:
                verdict = "moved"
            yield Move(place, metric, first, second, len(runs), width, verdict)


Pairs = dict[int, tuple[Run, Run]]


def _common(ours: dict[int, Run], theirs: dict[int, Run]) -> Pairs:
    return {seed: (ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())}


def _equal(a: Run, b: Run) -> bool:
    return a.record.test == b.record.test


def _comparable(runs: Pairs) -> bool:
    """Say whether both sides judged the same images, with two seeds at least."""
    a, b = next(iter(runs.values()))
    first, second = a.record, b.record
    assert first.test is not None and second.test is not None
    alike = all(first.identity.get(name) == second.identity.get(name) for name in IDENTITY)
    return len(runs) > 1 and alike and first.test.counts == second.test.counts


def _half_widths(pairs: dict[Place, Pairs]) -> dict[tuple[Place, str], float]:
    """Return half widths by place and metric, one family of comparisons a task; same cells are no comparison."""
    columns: dict[tuple[object, ...], list[Place]] = {}
    for place, runs in pairs.items():
        columns.setdefault((place.task, place.counts, place.protocol, tuple(runs)), []).append(place)
    found: dict[tuple[Place, str], float] = {}
    for task in dict.fromkeys(place.task for place in pairs):
        mine = [places for places in columns.values() if places[0].task == task]
        changed = [places for places in mine if any(_changed(pairs[place]) for place in places)]
        outcomes = [_column(str(number), places, pairs) for number, places in enumerate(changed)]
        family = compare(outcomes, draws=DRAWS) if outcomes else None
        for number, places in enumerate(changed):
            for metric in METRICS:
                comparison = family.of(str(number), metric) if family else None
                for place in places:
                    if comparison is not None and _changed(pairs[place]):
                        rows = [comparison.methods.index(_row(place, side)) for side in (0, 1)]
                        found[place, metric] = float(comparison.half_widths[rows[0], rows[1]])
    return found


def _changed(runs: Pairs) -> bool:
    return not all(_equal(a, b) for a, b in runs.values())


def _column(name: str, places: list[Place], pairs: dict[Place, Pairs]) -> Outcomes:
    """Return a column whose rows are ours and theirs of each cell; of a cell that is the same, one row."""
    rows: dict[str, list[np.ndarray]] = {}
    for place in places:
        for side in (0, 1) if _changed(pairs[place]) else (0,):
            rows[_row(place, side)] = [run[side].scores.argmax(axis=1) for run in pairs[place].values()]
    first = next(iter(pairs[places[0]].values()))[0].record
    assert first.test is not None
    counts = np.array(places[0].counts)
    classes = (len(counts), metrics.rarest(counts), metrics.commonest(counts))
    return Outcomes(name, tuple(rows), first.test.labels, np.array(list(rows.values())), *classes)


def _row(place: Place, side: int) -> str:
    return f"{'AB'[side]} {place.method}"


def _figures(place: Place, runs: Iterable[Run]) -> dict[str, float]:
    """Return a cell's means over its runs."""
    counts = np.array(place.counts)
    rare, common = metrics.rarest(counts), metrics.commonest(counts)
    each = [
        metrics.figures(test.labels, test.probabilities.array(), run.scores, minority=rare, majority=common)
        for run in runs
        if (test := run.record.test) is not None
    ]
    return {name: float(np.mean([one[name] for one in each])) for name in METRICS}
