"""Charts: every picture that the records alone can draw, for one dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from bench.plan.grid import Cell
from bench.record import Record
from bench.analysis.experiments import ControlFigures
from bench.analysis.frame import Adjust
from bench.report.pictures import calibration, counts, pareto, priors, ranks, training, variance
from bench.report.pictures.draw import Drawing
from bench.statistics.confusion import confusion_matrices
from bench.statistics.intervals import t_interval
from bench.statistics.outcomes import Outcomes
from bench.statistics.priors import curve, prior_path, training_prior
from bench.statistics.ranks import dataset_blocks, rank

TERA = 1e12


@dataclass(frozen=True)
class Subject:
    """One dataset as charts need it.

    Attributes
    ----------
    frame
        Its rows of `bench.analysis.frame`, translator 0 only.
    cells
        Its cells, likewise.
    outcomes
        Complete decisions by minority count.
    costs
        Floating-point operations of a fit by minority count and method.
    adjust_of
        The decision of a method.
    """

    task: str
    shown: str
    minority: str
    frame: pd.DataFrame
    cells: Sequence[Cell]
    outcomes: Mapping[int, Outcomes]
    costs: Mapping[tuple[int, str], float]
    controls: Sequence[ControlFigures]
    sources: Sequence[variance.Source]
    adjust_of: Callable[[str], Adjust]

    @property
    def rarest(self) -> int:
        """The smallest minority count that has records."""
        return min(self.outcomes)


def charts(subject: Subject, record_of: Callable[[str], Record | None]) -> Iterator[Drawing]:
    """Give the charts of one dataset, yet to be drawn; one whose records are lacking is left out."""
    task, place = subject.task, f"{subject.shown}, {subject.rarest} {subject.minority} images"
    if len(subject.outcomes) > 1:
        for metric in ("f1_minority", "acsa"):
            yield partial(counts.figure, subject.frame, task, metric, subject.shown)
    runs = records_by_method(subject, record_of)
    if runs:
        own, readers = _apart(runs)
        yield partial(training.figure, own, "validation_acsa", f"{task}_training", place, readers)
        yield partial(training.figure, own, "loss", f"{task}_training_loss", place, readers)
        outcomes = {method: _calibration(method, records, subject) for method, records in runs.items()}
        yield partial(calibration.figure, outcomes, subject.minority, f"{task}_calibration", place)
    yield from _priors(subject, place)
    if points := _points(subject):
        over, title = "10^12 operations a fit", f"{place}: quality and cost"
        yield partial(pareto.figure, points, over, "F1 of the minority class", f"{task}_cost", title)
    if subject.sources:
        yield partial(
            variance.figure, subject.sources, "the ACSA", f"{task}_noise", f"{place}: which chance moves the ACSA"
        )


def critical_difference(outcomes: Mapping[str, Mapping[int, Outcomes]], metric: str, title: str) -> Drawing | None:
    """Return the diagram of mean ranks over datasets, None where fewer than two methods are complete everywhere."""
    complete = {task: [it.complete() for it in columns.values()] for task, columns in outcomes.items()}
    named = [set(it.methods) for columns in complete.values() for it in columns]
    methods = [name for name in complete_order(complete) if all(name in names for names in named)]
    if len(methods) < 2:
        return None
    blocks = dataset_blocks(
        [np.stack([_means(it, methods, metric) for it in columns]) for columns in complete.values()]
    )
    found = rank(blocks)
    groups = [[methods[k] for k in group] for group in found.groups]
    over = f"{found.blocks} dataset{'s' if found.blocks > 1 else ''}"
    note = f"{found.caveat} Columns of one dataset share its images and count as one block."
    return partial(
        ranks.figure,
        dict(zip(methods, found.means.tolist(), strict=True)),
        groups,
        found.critical_difference,
        over,
        "ranks",
        title,
        note.strip(),
    )


def complete_order(complete: Mapping[str, Sequence[Outcomes]]) -> list[str]:
    """Return all methods in the order of their first appearance."""
    return list(dict.fromkeys(name for columns in complete.values() for it in columns for name in it.methods))


def records_by_method(subject: Subject, record_of: Callable[[str], Record | None]) -> dict[str, list[Record]]:
    """Return the done records of each method at the smallest minority count."""
    found: dict[str, list[Record]] = {}
    for cell in subject.cells:
        record = record_of(cell.fit) if cell.minority_count == subject.rarest and cell.fit else None
        if record is not None and record.status == "done" and record.test is not None:
            found.setdefault(cell.method, []).append(record)
    return found


def _means(outcomes: Outcomes, methods: Sequence[str], metric: str) -> np.ndarray:
    index = [it.name for it in outcomes.metrics].index(metric)
    rows = [outcomes.methods.index(name) for name in methods]
    means: np.ndarray = outcomes.figures()[index, rows].mean(axis=-1)
    return means


def _calibration(method: str, records: Sequence[Record], subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return which test images are of the minority, and their probability of it after the method's own decision."""
    rare = subject.outcomes[subject.rarest].minority
    counts = np.asarray(next(cell.counts for cell in subject.cells if cell.minority_count == subject.rarest))
    tests = [record.test for record in records if record.test is not None]
    positive = np.concatenate([test.labels == rare for test in tests])
    probabilities = np.concatenate([test.probabilities.array() for test in tests])
    scores = subject.adjust_of(method)(probabilities, counts)
    if (scores < 0).any() or not scores.sum(axis=1).all():
        scores = probabilities  # what a method decides by need not be like a probability
    return positive, (scores[:, rare] / scores.sum(axis=1)).astype(float)


def _apart(runs: Mapping[str, list[Record]]) -> tuple[dict[str, list[Record]], dict[str, str]]:
    """Return the methods that have fits of their own, and whose fits each of the others reads."""
    owners: dict[tuple[str, ...], str] = {}
    readers = {}
    for method, records in runs.items():
        ids = tuple(record.id for record in records)
        if (owner := owners.setdefault(ids, method)) != method:
            readers[method] = owner
    return {method: records for method, records in runs.items() if method not in readers}, readers


def _priors(subject: Subject, place: str) -> Iterator[Drawing]:
    outcomes = subject.outcomes[subject.rarest].complete()
    if outcomes.n_classes != 2 or not outcomes.methods:
        return
    cell = next(cell for cell in subject.cells if cell.minority_count == subject.rarest)
    shares = np.asarray(cell.counts)
    path = prior_path(shares)
    confusion = confusion_matrices(outcomes.labels, outcomes.decisions, 2)
    metric = outcomes.metrics[0]
    ascending = path[:, outcomes.minority].argsort()
    curves = {
        method: curve(confusion[m], path, metric.value).values[:, ascending]
        for m, method in enumerate(outcomes.methods)
    }
    marks = {"training set": float(training_prior(shares)[outcomes.minority]), "test set": 0.5}
    over = path[ascending, outcomes.minority]
    name, title = f"{subject.task}_priors", f"{place}: F1 at other priors"
    yield partial(priors.figure, over, curves, marks, subject.minority, name, title)


def _points(subject: Subject) -> list[pareto.Point]:
    mine = subject.frame[
        (subject.frame["minority_count"] == subject.rarest) & subject.frame["status"].isin(["done", "stale"])
    ]
    points = []
    for method, cells in mine.groupby("method", sort=False):
        cost = subject.costs.get((subject.rarest, str(method)))
        if cost:
            points.append(_point(str(method), cost, cells["f1_minority"].to_numpy(float)))
    for control in subject.controls:
        label = f"{control.control}, {control.epochs} epochs"
        points.append(_point(label, control.budget, control.figures["f1_minority"]))
    return points if len(points) > 1 else []


def _point(method: str, cost: float, figures: np.ndarray) -> pareto.Point:
    found = t_interval(figures)
    nan = float("nan")
    low, high = (nan, nan) if found.low is None or found.high is None else (found.low, found.high)
    return pareto.Point(method, cost / TERA, found.mean, low, high)
