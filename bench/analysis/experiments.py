"""Experiments beside the grid, read off their records: the oracle's gap, controls of equal computation, whose luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.plan.audit import audits
from bench.plan.config import Config
from bench.plan.controls import controls, stage_shares
from bench.plan.grid import Grid
from bench.record import Record
from bench.analysis.frame import Adjust
from bench.streams import Streams
from bench.analysis import metrics

RecordOf = Callable[[str], Record | None]
AdjustOf = Callable[[str], Adjust]
Place = tuple[str, int]


@dataclass(frozen=True)
class OracleGap:
    """What picking the epoch on the test set would have claimed of a method: figures (S,) of as many seeds."""

    place: Place
    method: str
    metric: str
    honest: np.ndarray
    oracle: np.ndarray

    @property
    def gap(self) -> float:
        """Mean of oracle less honest."""
        return float((self.oracle - self.honest).mean())


@dataclass(frozen=True)
class ControlFigures:
    """A cheap method that spent as much as a costly one: figures (S,) of both by metric, and what they spent."""

    place: Place
    method: str
    control: str
    epochs: int
    budget: float
    figures: Mapping[str, np.ndarray]
    rival: Mapping[str, np.ndarray]


def figures_of(record: Record, counts: Sequence[int], adjust: Adjust) -> dict[str, float]:
    """Return the test figures of one record under a decision."""
    assert record.test is not None
    shares = np.asarray(counts)
    probabilities = record.test.probabilities.array()
    rare, common = metrics.rarest(shares), metrics.commonest(shares)
    found = metrics.figures(
        record.test.labels, probabilities, adjust(probabilities, shares), minority=rare, majority=common
    )
    return {name: float(value) for name, value in found.items()}


def oracle_gaps(config: Config, grid: Grid, record_of: RecordOf, adjust_of: AdjustOf, metric: str) -> list[OracleGap]:
    """Return the gap of every method and place that was audited with all its seeds."""
    honest = {(job.method, job.task.counts, job.streams): job for job in grid.jobs if job.kind == "fit"}
    found: dict[tuple[Place, str], list[tuple[float, float]]] = {}
    for job in audits(config):
        twin = honest.get((job.method, job.task.counts, job.streams))
        pair = [record_of(it.id) for it in (twin, job) if it is not None]
        if job.kind != "audit" or len(pair) < 2 or any(record is None or record.test is None for record in pair):
            continue
        values = [figures_of(it, job.task.counts, adjust_of(job.method))[metric] for it in pair if it]
        place = job.task.dataset, min(job.task.counts)
        found.setdefault((place, job.method), []).append((values[0], values[1]))
    return [
        OracleGap(place, method, metric, *np.array(pairs).T)
        for (place, method), pairs in found.items()
        if len(pairs) == config.run.seeds
    ]


def control_figures(config: Config, record_of: RecordOf, adjust_of: AdjustOf) -> list[ControlFigures]:
    """Return every control that has records of all its seeds, with the method that it controls for."""
    groups: dict[tuple[Place, str], list[tuple[Record, Record]]] = {}
    facts = {}
    for control in controls(config):
        ours, theirs = record_of(control.job.id), record_of(control.of.id)
        if ours and theirs and ours.test and theirs.test:
            spot = (control.job.task.dataset, min(control.job.task.counts)), control.of.method
            groups.setdefault(spot, []).append((ours, theirs))
            facts[spot] = control
    found = []
    for (place, method), pairs in groups.items():
        control = facts[place, method]
        if len(pairs) < config.run.seeds:
            continue
        counts = control.job.task.counts
        both = [
            _stacked([figures_of(pair[k], counts, adjust_of(name)) for pair in pairs])
            for k, name in ((0, control.job.method), (1, method))
        ]
        found.append(ControlFigures(place, method, control.job.method, control.epochs, control.budget, *both))
    return found


def repeats_by_source(
    records: Iterable[Record],
    protocol: Mapping[str, object],
    adjust_of: AdjustOf,
    method_of: Callable[[Record], str | None],
) -> dict[tuple[str, int], dict[str, dict[str, list[dict[str, float]]]]]:
    """Return the figures of fits in which a single stream varies.

    By place, then source, then method: figures of each repeat, the one that all sources share first.

    Parameters
    ----------
    protocol
        Fits of other protocols are left out.
    method_of
        The row of a record, None for one that no table shows; it is left out.
    """
    zero = Streams()
    found: dict[Place, dict[str, dict[str, list[dict[str, float]]]]] = {}
    shared: dict[tuple[Place, str], dict[str, float]] = {}
    for record in sorted(records, key=lambda it: it.id):
        if record.kind != "fit" or record.test is None or record.identity["protocol"] != protocol:
            continue
        if not record.identity["streams"].keys() <= Streams.model_fields.keys():
            continue  # of a version that varied something else
        streams, counts = Streams(**record.identity["streams"]), record.identity["counts"]
        varied = [name for name in Streams.model_fields if getattr(streams, name) != getattr(zero, name)]
        place, method = (str(record.identity["dataset"]), min(counts)), method_of(record)
        if method is None or len(varied) > 1:
            continue
        values = figures_of(record, counts, adjust_of(method))
        if not varied:
            shared[place, method] = values
        else:
            found.setdefault(place, {}).setdefault(varied[0], {}).setdefault(method, []).append(values)
    for place, sources in found.items():
        for methods in sources.values():
            for method, runs in methods.items():
                if (place, method) in shared:
                    runs.insert(0, shared[place, method])
    return found


def costs(grid: Grid, record_of: RecordOf) -> dict[tuple[Place, str], float]:
    """Return the floating-point operations of one fit by place and method, its share of the stages included.

    Counted, not timed: training steps of the classifier and of translators; a stage is divided among the fits that use
    it. Passes that translate images for a classifier, and those of ALT's teacher, are not in it. Means over the seeds
    that have records.
    """
    shares = stage_shares(grid)
    found: dict[tuple[Place, str], list[float]] = {}
    for cell in grid.cells:
        record = record_of(cell.fit) if cell.fit and not cell.translator else None
        if record is not None and record.status == "done":
            spot = (cell.dataset, cell.minority_count), cell.method
            found.setdefault(spot, []).append(_spent(record) + shares[cell.fit])
    return {spot: float(np.mean(values)) for spot, values in found.items()}


def _spent(record: Record) -> float:
    return record.cost.flops + sum(row.get("gan_flops", 0.0) for row in record.history)


def _stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
