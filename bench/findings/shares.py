"""Shares: what the same decisions are worth where the rare class is as rare as among the training images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.analysis.spots import plain
from bench.findings.printing import change, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.listings import prior_measure
from bench.statistics.confusion import confusion_matrices
from bench.statistics.priors import at_prior, training_prior

TITLE = "And where the rare class is as rare as in training?"
NOTE = (
    "F1 of the rare class (of many classes: macro F1), mean over the seeds, as seen in the tables' runs. Equal shares: "
    "as many test images of each class, as papers and all other figures here have it. Shares of training: the same "
    "decisions about the same images, each class weighted by its part of the training images; recalls and ACSA stay "
    "what they are, precision falls. Whoever meets the rare class as rarely as the training set did should read this "
    "table, and choose a threshold for those shares (`imbench threshold --prior`)."
)


def shares(found: Evidence) -> Section:
    """Return the baseline and what is taken at the smallest count of each study, under both shares of the classes."""
    told = list(_told(found))
    if not told:
        return Section(TITLE, lacking=("A baseline and another row of unequal classes: not run yet.",))
    highest = sum(max(training, key=lambda name: training[name]) == plain() for _, training in told)
    words = (
        f"{sentence(found)} It has the highest F1 of all rows in {highest}. A threshold that moves towards the rare "
        "class pays where a missed one costs more than a false alarm, or where the class comes more often than it did "
        "in training.",
    )
    header = (
        "Where",
        "Rarest class, of training images",
        f"{plain()}, equal shares",
        "Taken there",
        f"{plain()}, shares of training",
        "The same, shares of training",
        "Highest there",
        "Evidence",
    )
    grid = Grid(header, tuple(_row(study, training, found) for study, training in told), note=NOTE)
    return Section(TITLE, words, (grid,))


def sentence(found: Evidence) -> str:
    """Return in how many settings the baseline is ahead where classes have the shares of training, "" without any."""
    told = list(_told(found))
    ahead = sum(training[plain()] > training[study.believed.taken(study.rarest)[0]] for study, training in told)
    return (
        "All that is of test images in equal shares: were the rare class as rare there as in training, plain training "
        f"would have a higher F1 than what is taken here in {ahead} of {counted(len(told), 'setting')}."
        if told
        else ""
    )


def _told(found: Evidence) -> Iterator[tuple[Study, dict[str, float]]]:
    """Give the studies that have a baseline and what is taken, with every row's F1 at the shares of training."""
    for study in found.studies:
        training = in_training(study, found)
        if plain() in training and study.believed.taken(study.rarest)[0] in training:
            yield study, training


def in_training(study: Study, found: Evidence) -> dict[str, float]:
    """Return each method's F1 at the smallest count where classes have the shares of training; {} where all are alike.

    It is the F1 of the minority of two classes, the macro F1 of many.
    """
    return _valued(study, found, training_prior(np.asarray(study.places[0].counts)))


def _valued(study: Study, found: Evidence, prior: np.ndarray) -> dict[str, float]:
    outcomes = found.gathered[study.profile].outcomes.get((study.task, study.rarest))
    if outcomes is None or len(set(study.places[0].counts)) == 1:
        return {}
    whole = outcomes.complete()
    measure = prior_measure(whole)
    if measure is None or not whole.methods or not np.bincount(whole.labels, minlength=whole.n_classes).all():
        return {}
    confusion = confusion_matrices(whole.labels, whole.decisions, whole.n_classes)
    return {
        name: float(measure.value(at_prior(confusion[m], prior)).mean())
        for m, name in enumerate(whole.methods)
        if name in study.believed.at(study.rarest)
    }


def _row(study: Study, training: dict[str, float], found: Evidence) -> tuple[Entry, ...]:
    counts = np.asarray(study.places[0].counts)
    equal = _valued(study, found, np.full(len(counts), 1 / len(counts)))
    taken = study.believed.taken(study.rarest)[0]
    best = max(training, key=lambda name: training[name])
    return (
        study.name(study.rarest),
        f"{counts.min() / counts.sum():.1%}".replace("%", " %"),
        level(equal[plain()]),
        f"{taken} {level(equal[taken])}",
        level(training[plain()]),
        f"{level(training[taken])} ({change(training[taken] - training[plain()])})",
        f"{best} {level(training[best])}",
        study.link,
    )
