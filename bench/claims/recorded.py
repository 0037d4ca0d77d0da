"""Recorded evidence: figures of our own records, with intervals that hold seeds and test images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bench.claims.witness import Estimate
from bench.analysis.compared import level
from bench.analysis.layout import Place, method_key
from bench.statistics.best import LEVEL, Family, compare
from bench.statistics.bootstrap import interval, resampled_means
from bench.statistics.confusion import acsa, confusion_matrices, f1
from bench.statistics.judged import Judged, Varying, difference, mean
from bench.statistics.outcomes import Outcomes

Figure = Callable[[np.ndarray], np.ndarray]
Measured = Mapping[tuple[str, int, str], Judged]
MEASURED = "translation_accuracy"


@dataclass
class Recorded:
    """Columns of Outcomes by (task, minority count), and measured shares by (task, minority count, translator).

    Differences in F1 and ACSA have the simultaneous intervals of all comparisons of their task, the ones that mark
    the tables: whatever is asked, all answers about a task hold together with chance `LEVEL`. Those of measured shares
    have the intervals of Table 2. Levels, growth and differences in recall and precision have bootstrap intervals over
    seeds and test images, those of measured shares the intervals of `bench.statistics.judged`, at a Šidák share of the
    claim's. What one run alone says has an unbounded interval. `families` are the comparisons by task; those that are
    not given are made.
    """

    columns: Mapping[Place, Outcomes]
    measured: Measured = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict, repr=False)

    def methods(self, task: str, count: int) -> tuple[str, ...]:
        """Return the methods that have all their runs."""
        column = self.columns.get((task, count))
        return column.complete().methods if column else ()

    def level(self, task: str, count: int, metric: str, method: str, claims: int = 1) -> Estimate | None:
        """Return a mean over seeds."""
        if metric == MEASURED:
            values = self.measured.get((task, count, method))
            return None if values is None else _around(mean(values), _share(claims))
        rows = self._rows((task, count), (method,))
        return None if rows is None else _estimate(rows, metric, lambda means: means[..., 0], claims)

    def difference(self, task: str, count: int, metric: str, a: str, b: str, claims: int = 1) -> Estimate | None:
        """Return the difference of two means of a column."""
        if metric == MEASURED:
            return self._measured_difference((task, count, a), (task, count, b), level(self.measured, task))
        rows = self._rows((task, count), (a, b))
        if rows is None or rows.methods[0] == rows.methods[1]:
            return None
        found = self._family(task).of(rows.column, metric)
        if found is None:  # not a figure of the tables, or a single seed
            return _estimate(rows, metric, lambda means: means[..., 0] - means[..., 1], claims)
        first, second = (found.methods.index(name) for name in rows.methods)
        value, width = float(found.differences[first, second]), float(found.half_widths[first, second])
        return Estimate(value, value - width, value + width)

    def growth(self, task: str, counts: tuple[int, int], metric: str, method: str, claims: int = 1) -> Estimate | None:
        """Return the difference of two means of a row; the test images are the same in all columns of a task."""
        if metric == MEASURED:
            first, last = ((task, count, method) for count in counts)
            return self._measured_difference(last, first, _share(claims))
        columns = [self._rows((task, count), (method,)) for count in counts]
        first_rows, last_rows = columns
        if first_rows is None or last_rows is None or first_rows.seeds != last_rows.seeds:
            return None
        both = Outcomes(
            f"{counts[0]}-{counts[1]}",
            tuple(map(str, counts)),
            first_rows.labels,
            np.concatenate([first_rows.decisions, last_rows.decisions]),
            first_rows.n_classes,
            first_rows.minority,
            first_rows.majority,
        )
        return _estimate(both, metric, lambda means: means[..., 1] - means[..., 0], claims)

    def _measured_difference(
        self, first: tuple[str, int, str], second: tuple[str, int, str], at: float
    ) -> Estimate | None:
        a, b = self.measured.get(first), self.measured.get(second)
        return None if a is None or b is None else _around(difference(a, b), at)

    def _rows(self, place: Place, methods: tuple[str, ...]) -> Outcomes | None:
        """Return a column's rows of these methods, None unless all are complete."""
        column = self.columns.get(place)
        if column is None:
            return None
        whole = column.complete()
        at = {method_key(name): row for row, name in enumerate(whole.methods)}
        if any(method_key(name) not in at for name in methods):
            return None
        rows = [at[method_key(name)] for name in methods]
        names = tuple(whole.methods[row] for row in rows)
        shared = (whole.n_classes, whole.minority, whole.majority)
        return Outcomes(whole.column, names, whole.labels, whole.decisions[rows], *shared)

    def _family(self, task: str) -> Family:
        if task not in self.families:
            mine = [column for (name, _), column in sorted(self.columns.items()) if name == task]
            self.families[task] = compare(mine)
        return self.families[task]


def _estimate(rows: Outcomes, metric: str, of: Callable[[np.ndarray], np.ndarray], claims: int) -> Estimate:
    """Return `of` the rows' figures, a linear (..., M) -> (...), with its bootstrap interval."""
    figure = _figure(metric, rows)
    confusion = confusion_matrices(rows.labels, rows.decisions, rows.n_classes)
    by_seed = of(figure(confusion).T)
    value = float(by_seed.mean())
    if rows.seeds < 2:
        return Estimate(value)
    return Estimate(value, *interval(by_seed, of(resampled_means(rows, figure)), _share(claims)))


def _figure(metric: str, rows: Outcomes) -> Figure:
    name, _, side = metric.partition("_")
    k = rows.minority if side == "minority" else rows.majority
    if name == "acsa":
        return acsa
    if name == "f1":
        return lambda confusion: f1(confusion, k)
    return lambda confusion: _found(confusion, k, axis=-1 if name == "recall" else -2)


def _found(confusion: np.ndarray, k: int, axis: int) -> np.ndarray:
    """Return the share of class k's images (axis -1), or of its predictions (axis -2), that is right; 0 of none."""
    total = confusion.sum(axis=axis)[..., k].astype(np.float64)
    share: np.ndarray = np.divide(confusion[..., k, k], total, out=np.zeros(total.shape), where=total > 0)
    return share


def _around(found: Varying, at: float) -> Estimate:
    half_width = found.half_width(at)
    if half_width is None:
        return Estimate(found.value)
    return Estimate(found.value, found.value - half_width, found.value + half_width)


def _share(claims: int) -> float:
    """Return the level of each of so many intervals that hold together with LEVEL (Šidák)."""
    return float(LEVEL ** (1 / claims))
