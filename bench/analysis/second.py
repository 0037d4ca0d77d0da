"""Second opinions beside the records that they check: how far a fit moves on another machine, how far by its seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bench.analysis.decisions import decision_of, figures_of
from bench.analysis.metrics import headline
from bench.analysis.origins import Origin
from bench.analysis.spots import Spot
from bench.dataset import Task
from bench.plan.grid import Cell, Grid
from bench.plan.job import Job
from bench.plan.lasting import changed_since
from bench.plan.second import drawn, first_of, second_jobs
from bench.plan.twins import made_on
from bench.record import Predictions, Record
from bench.statistics.intervals import t_interval


@dataclass(frozen=True, eq=False)
class Opinion:
    """One fit, and the same fit done again.

    Attributes
    ----------
    metric
        The headline of its dataset.
    first, again
        The figure of either.
    moved
        The largest distance between two probabilities of one test image.
    seeds : float (S,)
        The figure of every seed of the cell.
    processors
        That of the first, and that of the second.
    """

    spot: Spot
    seed: int
    metric: str
    first: float
    again: float
    moved: float
    seeds: np.ndarray
    processors: tuple[str, str]
    records: tuple[str, str]

    @property
    def difference(self) -> float:
        """The second less the first."""
        return self.again - self.first


@dataclass(frozen=True)
class Deviation:
    """How far so many second opinions lie from the first, and two seeds from each other: root mean squares.

    `shift` is the mean difference, and `margin` half its 95 % interval over others of the lot, NaN for one alone.
    `seeds` is NaN where no cell has two. `equal` counts those whose probabilities are the same to the last bit.
    """

    count: int
    again: float
    seeds: float
    largest: float
    shift: float
    margin: float
    equal: int


def to_do_again(origins: Iterable[Origin], share: Fraction, processor: str) -> tuple[list[Job], int]:
    """Return the jobs that do a share of each dataset's fits again, and how many fits are of other code than today's.

    These are not drawn from: what moved of them could be the code.
    """
    jobs: list[Job] = []
    old = 0
    for origin in origins:
        done = {cell.fit: origin.records[cell.fit] for cell in origin.grid.cells if cell.fit in origin.records}
        fits = {id: record for id, record in done.items() if record.status == "done"}
        todays = [id for id, record in fits.items() if not changed_since(record)]
        old += len(fits) - len(todays)
        jobs += second_jobs(origin.grid, drawn(todays, share), processor)
    return jobs, old


def opinions(
    grid: Grid, records: Mapping[str, Record], again: Mapping[str, Record], is_aside: Callable[[str], object]
) -> list[Opinion]:
    """Return the second opinions of a dataset's cells, in the order of the grid.

    Parameters
    ----------
    records, again
        Those that are checked, and those that check, by id.
    """
    checked: dict[str, list[Record]] = {}
    for record in again.values():
        if (of := first_of(record.identity)) in records and record.test is not None:
            checked.setdefault(str(of), []).append(record)
    rows: dict[str, Cell] = {}
    for cell in grid.cells:
        if cell.fit in checked and not is_aside(cell.method):
            rows.setdefault(cell.fit, cell)  # of rows that share a fit, the first has it as its own
    mates: dict[tuple[str, Task, int], list[Cell]] = {_row(cell): [] for cell in rows.values()}
    for cell in grid.cells:
        if (row := _row(cell)) in mates:
            mates[row].append(cell)
    seeds = {row: _over_seeds(cells, records) for row, cells in mates.items()}
    return [
        _opinion(cell, records[fit], made, seeds[_row(cell)])
        for fit, cell in rows.items()
        for made in sorted(checked[fit], key=lambda it: it.id)
    ]


def deviation(found: Sequence[Opinion]) -> Deviation:
    """Sum up second opinions; two seeds differ by the square root of 2 times their standard deviation."""
    differences = np.array([it.difference for it in found])
    spread = [float(it.seeds.var(ddof=1)) for it in found if len(it.seeds) > 1]
    shift = t_interval(differences)
    return Deviation(
        len(found),
        float(np.sqrt(np.mean(differences**2))),
        float(np.sqrt(2 * np.mean(spread))) if spread else float("nan"),
        float(np.abs(differences).max()),
        shift.mean,
        float("nan") if shift.half_width is None else shift.half_width,
        sum(not it.moved for it in found),
    )


def _kept(said: Predictions) -> np.ndarray:
    """Return probabilities as a record of today keeps them: the first may be of a time that kept more digits."""
    return Predictions.of(said.labels, said.probabilities.array()).probabilities.array()


def _row(cell: Cell) -> tuple[str, Task, int]:
    """Return what the seeds of a cell have in common."""
    return cell.method, cell.task, cell.translator


def _over_seeds(cells: Iterable[Cell], records: Mapping[str, Record]) -> np.ndarray:
    """Return the figures of those of a row's cells, its seeds, that have records."""
    done = [(records[cell.fit], cell) for cell in cells if cell.fit in records]
    return np.array([_figure(record, cell) for record, cell in done if record.test is not None])


def _figure(record: Record, cell: Cell) -> float:
    return figures_of(record, decision_of(cell.expression)(record), cell.counts)[headline(len(cell.classes))]


def _opinion(cell: Cell, first: Record, again: Record, seeds: np.ndarray) -> Opinion:
    assert first.test is not None and again.test is not None
    apart = np.abs(_kept(first.test) - _kept(again.test))
    return Opinion(
        Spot(cell.method, cell.dataset, cell.place),
        cell.seed,
        headline(len(cell.classes)),
        _figure(first, cell),
        _figure(again, cell),
        float(apart.max()),
        seeds,
        (made_on(first), made_on(again)),
        (first.id, again.id),
    )
