"""Charts: every picture that the records alone can draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.metrics import METRICS, Reading
from bench.analysis.recommending import Advised
from bench.analysis.spots import Spot
from bench.analysis.states import COUNTED
from bench.analysis.value import ENOUGH
from bench.record import Record
from bench.report.by_class import confusion_means
from bench.report.listings import prior_measure
from bench.report.pictures import calibration, confusion, counts, losses, pareto, priors, ranks, training, variance
from bench.report.pictures.draw import Drawing
from bench.report.recommended import always
from bench.report.subject import Subject
from bench.statistics.confusion import confusion_matrices
from bench.statistics.intervals import t_interval
from bench.statistics.outcomes import Outcomes
from bench.statistics.priors import curve, prior_path, training_prior
from bench.statistics.ranks import dataset_blocks, rank

TERA = 1e12
NEARLY = 1.05  # costs that lie nearer have no chart


def charts(subject: Subject) -> Iterator[Drawing]:
    """Give the charts of one dataset, yet to be drawn; one whose records are lacking is left out."""
    task, place, base = subject.task, f"{subject.shown}, {subject.at_rarest}", plain()
    if isinstance(subject.advised, Advised):
        yield recommended(subject.advised, f"{task}_recommended", subject.shown)
    if len(subject.outcomes) > 1:
        for metric in (subject.headline, "acsa" if subject.of_two else "macro_f1"):
            yield partial(counts.figure, subject.frame, task, metric, subject.shown, base)
    if runs := subject.done(subject.rarest):
        own, readers = _apart(runs)
        yield partial(training.figure, own, "validation_acsa", f"{task}_training", place, readers, base)
        yield partial(training.figure, own, "loss", f"{task}_training_loss", place, readers, base)
        said = {method: _calibration(method, records, subject) for method, records in runs.items()}
        minority = subject.minority if subject.of_two else ""
        yield partial(calibration.figure, said, f"{task}_calibration", place, minority)
    yield from _confusion(subject, place)
    yield from _priors(subject, place)
    if (points := _points(subject)) and max(it.cost for it in points) > NEARLY * min(it.cost for it in points):
        over, quality = "10^12 operations a fit", METRICS[subject.headline].title.split(",")[0]
        yield partial(pareto.figure, points, over, quality, f"{task}_cost", f"{place}: quality and cost")
    if subject.chances:
        title = f"{place}: which chance moves the ACSA"
        yield partial(variance.figure, subject.chances, "the ACSA", f"{task}_noise", title)


def recommended(advised: Advised, name: str, shown: str) -> Drawing:
    """Return the chart of what each choice may lose, at places where one loses what somebody would care about."""
    first = advised.advice[0]
    panels, left_out = [], []
    for it in advised.advice:
        if it is first or any(method.regret > it.delta for method in it.methods):
            told = [losses.Loss(method.method, method.regret, method.loses, method.most) for method in it.methods]
            if np.isfinite(it.always.mean):  # not of a log loss
                told.append(losses.Loss(always(it), it.always.mean, it.always.low, it.always.high, scale=True))
            panels.append((it.place.place, told, it.choice.method))
        else:
            left_out.append(it.place.place)
    unit = METRICS[first.metric].title.split(",")[0]
    return partial(losses.figure, panels, first.delta, unit, name, f"{shown}: what each choice may lose", left_out)


def critical_difference(subjects: Sequence[Subject]) -> Iterator[Drawing]:
    """Give a diagram of mean ranks over datasets for each metric that datasets are summed up by.

    There is none of a single dataset, nor where fewer than two methods are complete everywhere.
    """
    for metric in dict.fromkeys(subject.headline for subject in subjects):
        mine = [subject for subject in subjects if subject.headline == metric]
        columns = {it.task: [column.complete() for column in it.outcomes.values()] for it in mine}
        several = {task: [it for it in each if len(it.methods) > 1] for task, each in columns.items()}
        complete = {task: each for task, each in several.items() if each}  # one method alone has no rank
        named = [set(column.methods) for columns in complete.values() for column in columns]
        methods = [name for name in _order(complete) if all(name in names for names in named)]
        if len(methods) > 1 and len(complete) > 1:
            title = METRICS[metric].title.split(",")[0]
            name = "ranks" if metric == "f1_minority" else f"ranks_{metric}"
            yield _ranks(complete, methods, metric, name, f"Mean ranks: {title}")


def _ranks(
    complete: Mapping[str, Sequence[Outcomes]], methods: Sequence[str], metric: str, name: str, title: str
) -> Drawing:
    blocks = [np.stack([_means(it, methods, metric) for it in columns]) for columns in complete.values()]
    found = rank(dataset_blocks(blocks))
    groups = [[methods[k] for k in group] for group in found.groups]
    over = f"{found.blocks} dataset{'s' if found.blocks > 1 else ''}"
    note = f"{found.caveat} Columns of one dataset share its images and count as one block."
    means = dict(zip(methods, found.means.tolist(), strict=True))
    return partial(ranks.figure, means, groups, found.critical_difference, over, name, title, note.strip())


def _order(complete: Mapping[str, Sequence[Outcomes]]) -> list[str]:
    """Return all methods in the order of their first appearance."""
    return list(dict.fromkeys(name for columns in complete.values() for it in columns for name in it.methods))


def _means(outcomes: Outcomes, methods: Sequence[str], metric: str) -> np.ndarray:
    index = [it.name for it in outcomes.metrics].index(metric)
    rows = [outcomes.methods.index(name) for name in methods]
    means: np.ndarray = outcomes.figures()[index, rows].mean(axis=-1)
    return means


def _calibration(method: str, records: Sequence[Record], subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are as they are called, and with what probability, after the method's own decision.

    Of two classes, it is the minority that they are called; of more, the likeliest class.
    """
    tests = [record.test for record in records if record.test is not None]
    labels = np.concatenate([test.labels for test in tests])
    probabilities = np.concatenate([test.probabilities.array() for test in tests])
    reading = Reading(labels, probabilities, subject.scores(method, records), np.asarray(subject.cell.counts))
    belief = reading.belief
    called = np.full(len(labels), subject.outcomes[subject.rarest].minority)
    called = called if subject.of_two else belief.argmax(axis=1)
    return labels == called, belief[np.arange(len(labels)), called]


def _apart(runs: Mapping[str, list[Record]]) -> tuple[dict[str, list[Record]], dict[str, str]]:
    """Return the methods that have fits of their own, and whose fits each of the others reads."""
    owners: dict[tuple[str, ...], str] = {}
    readers = {}
    for method, records in runs.items():
        ids = tuple(record.id for record in records)
        if (owner := owners.setdefault(ids, method)) != method:
            readers[method] = owner
    return {method: records for method, records in runs.items() if method not in readers}, readers


def _confusion(subject: Subject, place: str) -> Iterator[Drawing]:
    outcomes = subject.outcomes[subject.rarest].complete()
    if outcomes.methods:
        matrices = dict(zip(outcomes.methods, confusion_means(outcomes), strict=True))
        yield partial(confusion.figure, matrices, subject.cell.classes, f"{subject.task}_confusion", place)


def _priors(subject: Subject, place: str) -> Iterator[Drawing]:
    outcomes = subject.outcomes[subject.rarest].complete()
    measure, shares = prior_measure(outcomes), np.asarray(subject.cell.counts)
    balanced = len(set(shares.tolist())) == 1  # from its shares there is no way to others
    if measure is None or not outcomes.methods or balanced or not np.bincount(outcomes.labels).all():
        return
    path = prior_path(shares)
    confusion = confusion_matrices(outcomes.labels, outcomes.decisions, outcomes.n_classes)
    ascending = path[:, outcomes.minority].argsort()
    curves = {
        method: curve(confusion[m], path, measure.value).values[:, ascending]
        for m, method in enumerate(outcomes.methods)
    }
    tested = float(np.mean(outcomes.labels == outcomes.minority))
    marks = {"training set": float(training_prior(shares)[outcomes.minority]), "test set": tested}
    over = path[ascending, outcomes.minority]
    figure = "F1" if subject.of_two else "macro F1"
    name, title = f"{subject.task}_priors", f"{place}: {figure} at other priors"
    yield partial(priors.figure, over, curves, marks, subject.minority, name, title, plain(), subject.of_two)


def _points(subject: Subject) -> list[pareto.Dot]:
    mine = subject.frame[(subject.frame["place"] == subject.rarest) & subject.frame["status"].isin(COUNTED)]
    points = []
    for method, cells in mine.groupby("method", sort=False):
        if cost := subject.costs.get(Spot(str(method), subject.task, subject.rarest)):
            points.append(_point(str(method), cost, cells[subject.headline].to_numpy(float)))
    for control in subject.controls:
        label = f"{control.control}, {control.epochs} epochs"
        points.append(_point(label, control.budget, control.figures[subject.headline]))
    return points if len(points) > 1 else []


def _point(method: str, cost: float, figures: np.ndarray) -> pareto.Dot:
    found = t_interval(figures)
    nan = float("nan")
    if found.low is None or found.high is None or found.n < ENOUGH:
        return pareto.Dot(method, cost / TERA, found.mean, nan, nan)
    return pareto.Dot(method, cost / TERA, found.mean, max(found.low, 0.0), min(found.high, 1.0))
