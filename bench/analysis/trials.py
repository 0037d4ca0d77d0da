"""Trials: every run of a table's row, also on further subsets, stages and seeds than the table shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from bench.analysis.spots import Spot
from bench.plan.grid import Cell, Grid
from bench.record import Predictions, Record, canonical
from bench.streams import Streams

SHARED = ("subset", "stage")  # streams that the seeds of a mean have in common


@dataclass(frozen=True, eq=False)
class Trial:
    """One run of a row: the subset and the stage that it rests on, its seed, and its record."""

    subset: int
    stage: int
    seed: int
    record: Record


def trials(grid: Grid, records: Mapping[str, Record], wanted: Callable[[Cell], bool]) -> dict[Spot, list[Trial]]:
    """Return the done runs of each row at each place, whatever their number; those of one source alone are no runs.

    A record is a row's if it differs from the row's own in its streams at most: by seed, by subset, and by the stream
    of its stages as far as the grid plans it.
    """
    jobs = {job.id: job for job in grid.jobs}
    alike: dict[str, list[Record]] = {}
    for record in records.values():
        if record.kind == "fit" and record.status == "done" and record.test is not None:
            alike.setdefault(but_streams(record.identity), []).append(record)
    found: dict[Spot, dict[str, Trial]] = {}
    for cell in grid.cells:
        if cell.fit and wanted(cell):
            mine = found.setdefault(Spot(cell.method, cell.dataset, cell.place), {})
            for record in alike.get(but_streams(jobs[cell.fit].identity), ()):
                if trial := _trial(record):
                    mine[record.id] = trial
    order = {spot: sorted(mine.values(), key=lambda it: (it.subset, it.stage, it.seed)) for spot, mine in found.items()}
    return {spot: mine for spot, mine in order.items() if mine}


def seeds_draw_subsets(grid: Grid) -> bool:
    """Return whether each seed draws its subset, so that the scatter over seeds has the luck of the draw in it."""
    fits = {cell.fit for cell in grid.cells}
    return any(job.streams.subset for job in grid.jobs if job.id in fits)


def on_all_images(record: Record) -> Record:
    """Return a record with the images of the further test part among those of the test, where it has any."""
    if record.test is None or record.extended is None:
        return record
    parts = [(it.labels, it.probabilities.array()) for it in (record.test, record.extended)]
    labels, probabilities = (np.concatenate(both) for both in zip(*parts, strict=True))
    order = np.argsort(labels, kind="stable")
    return record.model_copy(update={"test": Predictions.of(labels[order], probabilities[order])})


def but_streams(identity: Mapping[str, object]) -> str:
    """Return what the runs of one row at one place have in common."""
    return canonical({name: value for name, value in identity.items() if name != "streams"})


def _trial(record: Record) -> Trial | None:
    """Return a record as a run of `seed = s`, None where single sources were varied, or some that are no more."""
    streams = record.identity["streams"]
    seeds = {number for name, number in streams.items() if name not in SHARED}
    if len(seeds) != 1 or streams.keys() != Streams.model_fields.keys():
        return None
    return Trial(streams["subset"], streams["stage"], seeds.pop(), record)


def grouped(found: Sequence[Trial], by_seed: bool) -> Iterator[tuple[int, int, list[Trial]]]:
    """Give the runs that share a subset and a stage, with both; `by_seed`: a run counts if its subset is its seed's."""
    if by_seed:
        found = [replace(it, subset=0) for it in found if it.subset == it.seed]
    for subset, stage in product(sorted({it.subset for it in found}), sorted({it.stage for it in found})):
        if mine := [it for it in found if (it.subset, it.stage) == (subset, stage)]:
            yield subset, stage, mine
