"""Every class by its name: its images in each part, its figures with intervals, and what it is taken for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bench.analysis.metrics import SHOTS
from bench.analysis.value import printed
from bench.report.figure import Figure, number
from bench.report.report import Cells, Listing
from bench.report.subject import Subject
from bench.statistics.by_class import FIGURES, ByClass, by_class
from bench.statistics.confusion import accuracy, confusion_matrices, f1, macro_f1_measure, precision
from bench.statistics.outcomes import Outcomes
from bench.statistics.priors import at_prior, training_prior

MOST_CLASSES = 20  # whose confusion is written out; a picture shows more
BANDS = ("many", "medium", "few")


def class_counts(subject: Subject) -> Listing:
    """Tell how many images each class has in each part, and which group of a long tail it belongs to."""
    record = next((it for runs in subject.done(subject.rarest).values() for it in runs), None)
    classes, rows = subject.cell.classes, list[Cells]()
    places = {cell.place: cell.counts for cell in subject.cells}
    if record is not None and record.validation is not None and record.test is not None:
        band = {k: name for name in BANDS for k in SHOTS.classes(name, subject.cell.counts)}
        for k, name in enumerate(classes):
            train = (str(counts[k]) for counts in places.values())
            judged = (str(part.counts[k]) for part in (record.validation, record.test))
            rows.append((name, *train, *judged, band[k]))
    several = len(places) > 1
    return Listing(
        f"{subject.task}-counts",
        f"{subject.shown}: images of every class in every part",
        f"Many: more than {SHOTS.many} training images, few: fewer than {SHOTS.few}"
        + (f" ({subject.text(subject.rarest)})." if several else ".")
        + f" The test part is {balance(record.test.counts) if record and record.test else ''}.",
        ("Class", *(f"Training, {it}" if several else "Training" for it in places), "Validation", "Test", "Group"),
        tuple(rows),
    )


def balance(counts: tuple[int, ...]) -> str:
    """Return whether a part is balanced or natural, in a word."""
    return "balanced" if len(set(counts)) == 1 else "natural, not balanced"


def class_figures(subject: Subject) -> Listing:
    """Tell recall, precision and F1 of every class by its name, means over seeds with intervals."""
    outcomes, rows = subject.outcomes[subject.rarest].complete(), list[Cells]()
    if outcomes.methods and len(outcomes.labels):
        found, images = by_class(outcomes), np.bincount(outcomes.labels, minlength=outcomes.n_classes)
        for m, method in enumerate(outcomes.methods):
            ids = subject.ids(subject.rarest, method)
            for k, name in enumerate(subject.cell.classes):
                counts = str(subject.cell.counts[k]), str(images[k])
                rows.append((method, name, *counts, *(_with_interval(found[it], m, k, ids) for it in FIGURES)))
    return Listing(
        f"{subject.task}-classes",
        f"{subject.shown}: every class by its name, {subject.at_rarest}",
        "On the test part, means over seeds; in brackets the 95 % interval over other seeds and other test images.",
        ("Method", "Class", "Training images", "Test images", "Recall", "Precision", "F1"),
        tuple(rows),
    )


def class_confusion(subject: Subject) -> Listing:
    """Tell what test images of each class were decided to be, mean over seeds."""
    outcomes, classes = subject.outcomes[subject.rarest].complete(), subject.cell.classes
    rows: list[Cells] = []
    if len(classes) <= MOST_CLASSES:
        for name, matrix in zip(outcomes.methods, confusion_means(outcomes), strict=True):
            ids = subject.ids(subject.rarest, name)
            for label, counts in zip(classes, matrix, strict=True):
                rows.append((name, label, *(number(float(n), ids, f"{n:.1f}".removesuffix(".0")) for n in counts)))
    return Listing(
        f"{subject.task}-confusion",
        f"{subject.shown}: which classes are taken for which, {subject.at_rarest}",
        "Test images of each class by what they were decided to be, mean over seeds.",
        ("Method", "True class", *classes),
        tuple(rows),
    )


def class_shares(subject: Subject) -> Listing:
    """Tell what depends on how rare classes are, both as in life and balanced, where it is known how rare they are."""
    outcomes, rows = subject.outcomes[subject.rarest].complete(), list[Cells]()
    images = np.bincount(outcomes.labels, minlength=outcomes.n_classes)
    whole = next((cell.counts for cell in subject.cells if cell.place == "natural"), subject.cell.counts)
    tested = len({*images.tolist()}) > 1
    natural = training_prior(images if tested else np.asarray(whole))
    equal, told = np.full(len(natural), 1 / len(natural)), _figures(subject)
    if outcomes.methods and images.all() and (tested or any(cell.place == "natural" for cell in subject.cells)):
        confusion = confusion_matrices(outcomes.labels, outcomes.decisions, outcomes.n_classes)
        for m, name in enumerate(outcomes.methods):
            ids = subject.ids(subject.rarest, name)
            both = [at_prior(confusion[m], prior) for prior in (natural, equal)]
            values = (of(matrices).mean() for _, of in told for matrices in both)
            rows.append((name, *(number(float(value), ids) for value in values)))
    shares = ", ".join(f"{name} {share:.3g}" for name, share in zip(subject.cell.classes, natural, strict=True))
    return Listing(
        f"{subject.task}-shares",
        f"{subject.shown}: as rare as in life, and balanced, {subject.at_rarest}",
        f"The same decisions, weighted to the shares of the {'test' if tested else 'training'} part (natural: "
        f"{shares}) and to equal ones (balanced), means over seeds. Recall, and with it the ACSA, is the same in both.",
        ("Method", *(f"{name}, {how}" for name, _ in told for how in ("natural", "balanced"))),
        tuple(rows),
    )


def confusion_means(outcomes: Outcomes) -> np.ndarray:
    """Return how many test images of each class (rows) are decided as each, mean over seeds, float64 (M, K, K)."""
    means: np.ndarray = confusion_matrices(outcomes.labels, outcomes.decisions, outcomes.n_classes).mean(axis=1)
    return means


def _figures(subject: Subject) -> list[tuple[str, Callable[[np.ndarray], np.ndarray]]]:
    """Return the figures that depend on the shares of classes, each with what it is called."""
    name, k = subject.minority, subject.outcomes[subject.rarest].minority
    if subject.of_two:
        pair = (f"Precision of {name}", partial(precision, k=k)), (f"F1 of {name}", partial(f1, k=k))
        return [("Accuracy", accuracy), *pair]
    return [("Accuracy", accuracy), ("Macro F1", macro_f1_measure().value)]


def _with_interval(found: ByClass, m: int, k: int, ids: tuple[str, ...]) -> Figure:
    mean, low, high = (float(it[m, k]) for it in (found.mean, found.low, found.high))
    return number(mean, ids, f"{printed(mean)} [{low:.2f}, {high:.2f}]" if np.isfinite(low) else "")
