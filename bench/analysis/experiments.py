"""Experiments beside the grid, read off their records: the oracle's gap, controls of equal computation, whose luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.decisions import DecideOf, RecordOf, figures_of
from bench.analysis.spots import Spot
from bench.expression import Expression
from bench.plan.audit import audit_pairs
from bench.plan.config import Config
from bench.plan.controls import controls, stage_shares
from bench.plan.grid import Grid
from bench.plan.job import Job
from bench.plan.repeats import ROUNDING
from bench.plan.twins import alike, made_on
from bench.record import Record
from bench.statistics.noise import components
from bench.streams import Streams


@dataclass(frozen=True)
class OracleGap:
    """What picking the epoch on the test set would have claimed of a method: figures (S,) of as many seeds."""

    spot: Spot
    metric: str
    honest: np.ndarray
    oracle: np.ndarray
    records: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Mean of oracle less honest."""
        return float((self.oracle - self.honest).mean())


@dataclass(frozen=True)
class ControlFigures:
    """A cheap method that spent as much as a costly one: figures (S,) of both by metric, and what they spent."""

    spot: Spot
    control: str
    epochs: int
    budget: float
    figures: Mapping[str, np.ndarray]
    rival: Mapping[str, np.ndarray]
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chance:
    """A source of chance: its standard deviation over so many runs of `methods`, with the interval's ends (NaN: none).

    `whole` marks one that is not one source but all together, for comparison.
    """

    name: str
    sd: float
    runs: int
    low: float = float("nan")
    high: float = float("nan")
    whole: bool = False
    methods: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


def oracle_gaps(config: Config, record_of: RecordOf, decide_of: DecideOf, metric: str) -> list[OracleGap]:
    """Return the gap of every method and place that was audited with all its seeds, each pair on one processor."""
    found: dict[Spot, list[tuple[float, float]]] = {}
    ids: dict[Spot, list[str]] = {}
    for fit, audit in audit_pairs(config):
        both = _pair(fit, audit, record_of)
        if both and audit.expression is not None:
            decide, spot = decide_of(audit.expression), Spot(audit.method, audit.task.dataset, audit.task.place)
            first, second = (figures_of(it, decide(it), audit.task.counts)[metric] for it in both)
            found.setdefault(spot, []).append((first, second))
            ids.setdefault(spot, []).extend(it.id for it in both)
    return [
        OracleGap(spot, metric, np.array(pairs)[:, 0], np.array(pairs)[:, 1], tuple(ids[spot]))
        for spot, pairs in found.items()
        if len(pairs) == config.run.seeds
    ]


def _pair(fit: Job, experiment: Job, record_of: RecordOf) -> tuple[Record, Record] | None:
    """Return the records of a fit and of what is compared with it, both of one processor; None if there is no pair."""
    second = record_of(experiment.id)
    first = alike(fit, second, record_of) if second is not None and second.test is not None else None
    return (first, second) if first is not None and first.test is not None and second is not None else None


def control_figures(config: Config, record_of: RecordOf, decide_of: DecideOf) -> list[ControlFigures]:
    """Return every control that has records of all its seeds, each beside the controlled method's of one processor."""
    groups: dict[tuple[Spot, str], list[tuple[dict[str, float], dict[str, float]]]] = {}
    facts, ids = {}, dict[tuple[Spot, str], list[str]]()
    for control in controls(config):
        jobs = control.of, control.job
        both = _pair(*jobs, record_of)
        if both and all(job.expression for job in jobs):
            spot = Spot(control.of.method, control.job.task.dataset, control.job.task.place)
            key = spot, control.job.method
            theirs, ours = (
                figures_of(record, decide_of(job.expression)(record), job.task.counts)  # type: ignore[arg-type]
                for record, job in zip(both, jobs, strict=True)
            )
            groups.setdefault(key, []).append((ours, theirs))
            ids.setdefault(key, []).extend(record.id for record in both)
            facts[key] = control
    return [
        ControlFigures(
            key[0],
            key[1],
            facts[key].epochs,
            facts[key].budget,
            _stacked([ours for ours, _ in pairs]),
            _stacked([theirs for _, theirs in pairs]),
            tuple(ids[key]),
        )
        for key, pairs in groups.items()
        if len(pairs) >= config.run.seeds
    ]


def chances(
    records: Iterable[Record],
    protocol: Mapping[str, object],
    rows: Mapping[str, Expression],
    decide_of: DecideOf,
    metric: str,
) -> list[Chance]:
    """Return a figure's standard deviation by source, at the most imbalanced place where single streams were varied.

    Parameters
    ----------
    records
        Of one dataset. Fits of other protocols than `protocol` are left out.
    rows
        The rows of tables by the training part that makes a record theirs, see `training_key`.
    """
    repeats = _repeats(records, protocol, rows, decide_of, metric)
    if not repeats:
        return []
    found = []
    for name, methods in repeats[min(repeats, key=lambda counts: (min(counts), -max(counts)))].items():
        most = max(map(len, methods.values()))
        order = [str(row) for row in rows.values()]
        whole = {it: methods[it] for it in order if len(methods.get(it, ())) == most > 1}
        if whole:
            each = {method: [value for _, value in runs] for method, runs in whole.items()}
            component = components({name: np.array(list(each.values()))})[0]
            ends = (float(np.sqrt(component.low)), float(np.sqrt(component.high)))
            called = "translator" if name == "stage" else name
            ids = tuple(dict.fromkeys(id for runs in whole.values() for id, _ in runs))
            chance = Chance(called, component.sd, most * len(whole), *ends, methods=tuple(whole), records=ids)
            found.append(chance)
    return found


def training_key(record: Record) -> str:
    """Return what identifies a record's method, as text."""
    return str(record.identity.get("method"))


Runs = dict[str, list[tuple[str, float]]]  # record and figure of each repeat, by method
Group = tuple[tuple[int, ...], str, str]  # counts, source and method


def _repeats(
    records: Iterable[Record],
    protocol: Mapping[str, object],
    rows: Mapping[str, Expression],
    decide_of: DecideOf,
    metric: str,
) -> dict[tuple[int, ...], dict[str, Runs]]:
    """Return, by counts, then source, fits in which that alone varies, the one that all sources share first.

    All are of one processor, the one that most of them were made on.
    """
    varied: dict[Group, dict[str, list[tuple[str, float]]]] = {}
    shared: dict[tuple[tuple[int, ...], str, str], tuple[str, float]] = {}
    for record in sorted(records, key=lambda it: it.id):
        source = _source(record, protocol)
        row = rows.get(training_key(record))
        if source is None or row is None or record.test is None:
            continue
        counts = tuple(record.identity["counts"])
        value = record.id, figures_of(record, decide_of(row)(record), counts)[metric]
        if source:
            varied.setdefault((counts, source, str(row)), {}).setdefault(made_on(record), []).append(value)
        else:
            shared.setdefault((counts, str(row), made_on(record)), value)
    found: dict[tuple[int, ...], dict[str, Runs]] = {}
    for (counts, source, method), by_processor in varied.items():
        processor = max(by_processor, key=lambda it: len(by_processor[it]))
        first = shared.get((counts, method, processor))
        found.setdefault(counts, {}).setdefault(source, {})[method] = [
            *([first] if first else []),
            *by_processor[processor],
        ]
    return found


def _source(record: Record, protocol: Mapping[str, object]) -> str | None:
    """Return what alone differs in a fit from the one that all sources share, "" for that one; None for any other."""
    identity, zero = record.identity, Streams()
    if record.kind not in ("fit", "twin") or not identity["streams"].keys() <= Streams.model_fields.keys():
        return None  # of a version that varied something else
    streams = Streams(**identity["streams"])
    varied = [name for name in Streams.model_fields if getattr(streams, name) != getattr(zero, name)]
    theirs = dict(identity.get("protocol") or {})
    varied += [ROUNDING] if theirs.get("threads") != protocol.get("threads") else []
    if len(varied) > 1 or theirs | {"threads": protocol.get("threads")} != protocol:
        return None
    return varied[0] if varied else ""


def costs(grid: Grid, record_of: RecordOf) -> dict[Spot, float]:
    """Return the floating-point operations of one fit by row and place, its share of the stages included.

    Counted, not timed: training steps of the classifier and of translators; a stage is divided among the fits that use
    it. Passes that translate images for a classifier, and those of a teacher, are not in it. Means over the seeds that
    have records.
    """
    shares = stage_shares(grid)
    found: dict[Spot, list[float]] = {}
    for cell in grid.cells:
        record = record_of(cell.fit) if cell.fit and not cell.translator else None
        if record is not None and record.status == "done":
            spot = Spot(cell.method, cell.dataset, cell.place)
            found.setdefault(spot, []).append(_spent(record) + shares[cell.fit])
    return {spot: float(np.mean(values)) for spot, values in found.items()}


def _spent(record: Record) -> float:
    return record.cost.flops + sum(row.get("gan_flops", 0.0) for row in record.history)


def _stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
