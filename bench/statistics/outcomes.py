"""Outcomes: what every fit of one table column decided about the same test images, and what follows for its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.statistics.confusion import Measure, acsa_measure, confusion_matrices, f1_measure

MISSING = -1
OVERALL = "all counts"


@dataclass(frozen=True)
class Runs:
    """Figures of a column's complete rows: G metrics, M methods, S seeds, I test images.

    Attributes
    ----------
    column, methods, metrics
        Names.
    labels : int (I,)
    figures : float (G, M, S)
    influences : float (G, M, S, I)
        What each image adds to each figure, to first order; only differences within a class mean anything.
    """

    column: str
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    labels: np.ndarray
    figures: np.ndarray
    influences: np.ndarray

    @property
    def comparable(self) -> bool:
        """Whether there are two methods and two seeds at least."""
        _, methods, seeds = self.figures.shape
        return bool(methods > 1 and seeds > 1)

    def of(self, methods: tuple[str, ...], metrics: tuple[str, ...]) -> Runs:
        """Return the rows of these methods and metrics, in this order."""
        at = np.ix_([self.metrics.index(name) for name in metrics], [self.methods.index(name) for name in methods])
        figures, influences = self.figures[at], self.influences[at]
        return replace(self, methods=methods, metrics=metrics, figures=figures, influences=influences)


@dataclass(frozen=True)
class Outcomes:
    """Decisions of M methods with S seeds each about I test images.

    Parameters
    ----------
    column
        What heads the column, such as its minority count.
    methods
        Names of the M rows.
    labels : int (I,)
        True classes.
    decisions : int (M, S, I)
        Predicted classes; `MISSING` throughout where a fit is lacking.
    n_classes
        K.
    minority, majority
        Classes that `f1_minority` and `f1_majority` speak of.
    measures
        What is compared; default: the F1 of these two classes, and the ACSA.

    Raises
    ------
    ValueError
        The shapes do not fit together.
    """

    column: str
    methods: tuple[str, ...]
    labels: np.ndarray
    decisions: np.ndarray
    n_classes: int = 2
    minority: int = 1
    majority: int = 0
    measures: tuple[Measure, ...] = ()

    def __post_init__(self) -> None:
        rows, images = len(self.methods), len(self.labels)
        if self.decisions.ndim != 3 or self.decisions.shape[::2] != (rows, images):
            raise ValueError(f"decisions {self.decisions.shape} must be ({rows}, seeds, {images})")

    @property
    def seeds(self) -> int:
        """How many runs were asked for."""
        return int(self.decisions.shape[1])

    @property
    def metrics(self) -> tuple[Measure, ...]:
        """The G figures that are compared."""
        pair = f1_measure("f1_minority", self.minority), f1_measure("f1_majority", self.majority)
        return self.measures or (*pair, acsa_measure())

    def complete(self) -> Outcomes:
        """Return the rows of which no run is lacking: a mean over fewer seeds does not compete."""
        kept = [m for m, rows in enumerate(self.decisions) if (rows != MISSING).all()]
        return replace(self, methods=tuple(self.methods[m] for m in kept), decisions=self.decisions[kept])

    def figures(self) -> np.ndarray:
        """Return every metric of every run, float64 (G, M, S).

        Raises
        ------
        ValueError
            A row is not complete.
        """
        confusion = self._confusion()
        return np.stack([metric.value(confusion) for metric in self.metrics])

    def runs(self) -> Runs:
        """Return the figures of the complete rows, with their influences.

        An image of true class j decided as k adds the metric's derivative by the entry (j, k) of the run's confusion
        matrix: exact for the ACSA, the delta method for F1.
        """
        rows = self.complete()
        confusion = rows._confusion()
        run = np.indices(rows.decisions.shape, sparse=True)[:2]
        slopes = [metric.gradient(confusion)[*run, rows.labels, rows.decisions] for metric in self.metrics]
        names = tuple(metric.name for metric in self.metrics)
        return Runs(self.column, rows.methods, names, rows.labels, rows.figures(), np.stack(slopes))

    def _confusion(self) -> np.ndarray:
        return confusion_matrices(self.labels, self.decisions, self.n_classes)


def overall(columns: Sequence[Runs]) -> Runs | None:
    """Return the mean over the columns of the methods that all have; None if they do not share images and seeds.

    Metrics that a column lacks, such as the recall of classes that it does not have, are left out. Twenty runs at four
    minority counts tell methods apart that five runs at one count do not.
    """
    if len(columns) < 2:
        return None
    first, *others = columns
    if any(
        it.figures.shape[2] != first.figures.shape[2] or not np.array_equal(it.labels, first.labels) for it in others
    ):
        return None
    methods = tuple(method for method in first.methods if all(method in it.methods for it in others))
    metrics = tuple(name for name in first.metrics if all(name in it.metrics for it in others))
    if not metrics:
        return None
    same = [it.of(methods, metrics) for it in columns]
    figures, influences = np.mean([it.figures for it in same], axis=0), np.mean([it.influences for it in same], axis=0)
    return replace(same[0], column=OVERALL, figures=figures, influences=influences)
