"""Recorded figures as a witness: those of our own records, with intervals that hold seeds and test images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bench.analysis.spots import Place, Spot, method_key, resolved
from bench.claims.claim import GENERATED, LEVEL, MEASURED, OF_CLASS
from bench.claims.witness import At, Told
from bench.statistics.bootstrap import drawable, interval, resampled_means
from bench.statistics.confusion import confusion_matrices, f1, mean_recall, precision
from bench.statistics.judged import Judged, Varying, difference, mean
from bench.statistics.outcomes import Outcomes
from bench.statistics.pair import difference_interval

Value = Callable[[np.ndarray], np.ndarray]


@dataclass
class Recorded:
    """Columns of Outcomes by place, measured shares by translator and place, and figures of generators likewise.

    A question about named rows is one comparison, not one of all that a table makes: its interval is its own, of the
    level that is asked for. Differences in the metrics of the tables are those of `bench.statistics.pair`; levels,
    growth and other metrics have bootstrap intervals over seeds and test images; measured shares have the intervals of
    `bench.statistics.judged`. What one run, or one test image of a class, says has an unbounded interval.
    """

    columns: Mapping[Place, Outcomes]
    measured: Mapping[Spot, Judged] = field(default_factory=dict)
    generated: Mapping[str, Mapping[Spot, Judged]] = field(default_factory=dict)

    def methods(self, task: str, at: At) -> tuple[str, ...]:
        """Return the methods that have all their runs."""
        column = self.columns.get(resolved(task, at, self.columns))
        return column.complete().methods if column else ()

    def level(self, task: str, at: At, metric: str, method: str, confidence: float = LEVEL) -> Told | None:
        """Return a mean over seeds."""
        if (shares := self._shares(metric)) is not None:
            values = _judged(shares, task, at, method)
            return None if values is None else _around(mean(values), confidence)
        rows = self._rows(task, at, (method,))
        return None if rows is None else _estimate(rows, metric, lambda means: means[..., 0], confidence)

    def difference(self, task: str, at: At, metric: str, a: str, b: str, confidence: float = LEVEL) -> Told | None:
        """Return the difference of two means of a column."""
        if (shares := self._shares(metric)) is not None:
            return _apart(_judged(shares, task, at, a), _judged(shares, task, at, b), confidence)
        rows = self._rows(task, at, (a, b))
        if rows is None or rows.methods[0] == rows.methods[1]:
            return None
        if metric not in (it.name for it in rows.metrics):
            return _estimate(rows, metric, lambda means: means[..., 0] - means[..., 1], confidence)
        return Told(*difference_interval(rows.runs(), metric, confidence))

    def growth(self, task: str, at: tuple[At, At], metric: str, method: str, confidence: float = LEVEL) -> Told | None:
        """Return the difference of two means of a row; the test images are the same in all columns of a task."""
        if (shares := self._shares(metric)) is not None:
            first, last = (_judged(shares, task, it, method) for it in at)
            return _apart(last, first, confidence)
        before, after = (self._rows(task, it, (method,)) for it in at)
        if before is None or after is None or before.seeds != after.seeds:
            return None
        decisions = np.concatenate([before.decisions, after.decisions])
        both = replace(before, column=f"{at[0]}-{at[1]}", methods=tuple(map(str, at)), decisions=decisions)
        return _estimate(both, metric, lambda means: means[..., 1] - means[..., 0], confidence)

    def _shares(self, metric: str) -> Mapping[Spot, Judged] | None:
        """Return the measurements that a metric is of, None for one of fits."""
        if metric == MEASURED:
            return self.measured
        return self.generated.get(GENERATED[metric], {}) if metric in GENERATED else None

    def _rows(self, task: str, at: At, methods: tuple[str, ...]) -> Outcomes | None:
        """Return a column's rows of these methods, None unless all are complete."""
        column = self.columns.get(resolved(task, at, self.columns))
        if column is None:
            return None
        whole = column.complete()
        known = {method_key(name): row for row, name in enumerate(whole.methods)}
        if any(method_key(name) not in known for name in methods):
            return None
        rows = [known[method_key(name)] for name in methods]
        return replace(whole, methods=tuple(whole.methods[row] for row in rows), decisions=whole.decisions[rows])


def _estimate(rows: Outcomes, metric: str, of: Callable[[np.ndarray], np.ndarray], confidence: float) -> Told | None:
    """Return `of` the rows' figures, a linear (..., M) -> (...), with its bootstrap interval; None for no figure."""
    figure = _value_of(metric, rows)
    if figure is None:
        return None
    confusion = confusion_matrices(rows.labels, rows.decisions, rows.n_classes)
    by_seed = of(figure(confusion).T)
    value = float(by_seed.mean())
    if not drawable(rows):
        return Told(value)
    return Told(value, *interval(by_seed, of(resampled_means(rows, figure)), confidence))


def _value_of(metric: str, rows: Outcomes) -> Value | None:
    """Return a metric as a figure of confusion matrices, None where it says nothing of such a task."""
    if found := next((it.value for it in rows.metrics if it.name == metric), None):
        return found
    every = range(rows.n_classes)
    if metric == "worst_recall":
        return lambda confusion: np.min([mean_recall(confusion, [k]) for k in every], axis=0)
    if metric == "g_mean":
        return lambda confusion: np.prod([mean_recall(confusion, [k]) for k in every], axis=0) ** (1 / rows.n_classes)
    if (said := OF_CLASS.fullmatch(metric)) is None:
        return None
    k = {"minority": rows.minority, "majority": rows.majority}.get(said[2])
    k = int(said[2]) if k is None else k
    if k >= rows.n_classes:
        return None
    kinds: dict[str, Value] = {
        "recall": lambda confusion: mean_recall(confusion, [k]),
        "precision": lambda confusion: precision(confusion, k),
        "f1": lambda confusion: f1(confusion, k),
    }
    return kinds[said[1]]


def _judged(shares: Mapping[Spot, Judged], task: str, at: At, method: str) -> Judged | None:
    places = ((spot.task, spot.place) for spot in shares)
    return shares.get(Spot(method, *resolved(task, at, places)))


def _apart(a: Judged | None, b: Judged | None, at: float) -> Told | None:
    return None if a is None or b is None else _around(difference(a, b), at)


def _around(found: Varying, at: float) -> Told:
    half_width = found.half_width(at)
    if half_width is None:
        return Told(found.value)
    return Told(found.value, found.value - half_width, found.value + half_width)
