"""Shares: what the same decisions are worth where the rare class is as rare as among the training images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from bench.analysis.advice import Belief
from bench.analysis.baseline import plain
from bench.findings.printing import counted, in_ends, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.listings import prior_measure
from bench.statistics.bootstrap import drawable, interval, resampled_means
from bench.statistics.confusion import Measure, confusion_matrices
from bench.statistics.outcomes import Outcomes
from bench.statistics.priors import at_prior, training_prior

TITLE = "And where the rare class is as rare as in training?"
NOTE = (
    "F1 of the rare class (of many classes: macro F1), mean over the seeds, as seen in the tables' runs. Equal shares: "
    "as many test images of each class, as papers and all other figures here have it. Shares of training: the same "
    "decisions about the same images, each class weighted by its part of the training images; recalls and ACSA stay "
    "what they are, precision falls. Behind it the gain, with ends that hold it with probability 0.9 over seeds and "
    "test images; no draw of other training images is in it, but where every seed has its own. Always rare: naming the "
    "rarest class whatever one sees. A row without a false alarm here would have some among more test images. Whoever "
    "meets the rare class as rarely as the training set did should read this table, and say what a miss is worth "
    "(`imbench threshold --recall`, or `--cost` with each mistake's cost times how often its class comes): for the "
    "shares alone (`--prior`) it makes few errors, and may then hardly ever name the rare class."
)


def shares(found: Evidence) -> Section:
    """Return the baseline and what is taken at the smallest count of each study, under both shares of the classes."""
    told = list(_told(found))
    if not told:
        return Section(TITLE, lacking=("A baseline and another row of unequal classes: not run yet.",))
    highest = sum(max(training, key=lambda name: training[name]) == plain() for _, training in told)
    words = (
        f"{sentence(found)} As seen, plain training has the highest F1 of all rows in {highest}. A threshold that "
        "moves towards the rare class pays where a missed one costs more than a false alarm, or where the class comes "
        "more often than it did in training.",
    )
    header = (
        "Where",
        "Rarest class, of training images",
        f"{plain()}, equal shares",
        "Taken there",
        f"{plain()}, shares of training",
        "The same, shares of training, and its gain",
        "Always rare, shares of training",
        "Highest there",
        "Evidence",
    )
    grid = Grid(header, tuple(_row(study, training, found) for study, training in told), note=NOTE)
    return Section(TITLE, words, (grid,))


def sentence(found: Evidence) -> str:
    """Return where what is taken surely gains and loses where classes have the shares of training, "" without any."""
    gains = {study: it for study, _ in _told(found) if (it := gained_in_training(study, found))}
    below = [study for study, it in gains.items() if it.high < 0]
    above = [study for study, it in gains.items() if it.low > 0]
    return (
        "Were the rare class as rare in use as in training, the F1 of the method taken here (of many classes macro F1) "
        f"would surely be below that of plain training in {len(below)} of {counted(len(gains), 'setting')}"
        f"{_named(below)}, surely above it in {len(above)}{_named(above)}."
        if gains
        else ""
    )


def _named(studies: list[Study]) -> str:
    return f" ({'; '.join(it.name(it.rarest) for it in studies)})" if studies else ""


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
    return _valued(study, found, training_prior(_counts(study)))


@lru_cache(64)  # of a study, several places tell it
def gained_in_training(study: Study, found: Evidence) -> Belief | None:
    """Return what the method that is taken gains over the baseline where classes have the shares of training.

    The ends hold it with probability 0.9 for other seeds and other test images. None where it is not known: a row
    lacks a seed, there is one seed or one test image of a class alone, or all classes are alike.
    """
    judged = _judged(study, found)
    rows = study.believed.taken(study.rarest)[0], plain()
    if judged is None or len(set(study.places[0].counts)) == 1 or not {*rows} <= {*judged[0].methods}:
        return None
    whole, measure = judged
    if not drawable(whole):
        return None
    at = [whole.methods.index(name) for name in rows]
    both, prior = replace(whole, methods=rows, decisions=whole.decisions[at]), training_prior(_counts(study))

    def value(confusion: np.ndarray) -> np.ndarray:
        return measure.value(at_prior(confusion, prior))

    ours, theirs = value(confusion_matrices(both.labels, both.decisions, both.n_classes))
    drawn = resampled_means(both, value)
    return Belief(float((ours - theirs).mean()), *interval(ours - theirs, drawn[:, 0] - drawn[:, 1], 0.9))


def _counts(study: Study) -> np.ndarray:
    return np.asarray(study.places[0].counts)


def _judged(study: Study, found: Evidence) -> tuple[Outcomes, Measure] | None:
    """Return the complete rows at the smallest count, and the figure that depends on the classes' shares."""
    outcomes = found.gathered[study.profile].outcomes.get((study.task, study.rarest))
    if outcomes is None:
        return None
    whole = outcomes.complete()
    measure = prior_measure(whole)
    if measure is None or not whole.methods or not np.bincount(whole.labels, minlength=whole.n_classes).all():
        return None
    return whole, measure


def _valued(study: Study, found: Evidence, prior: np.ndarray) -> dict[str, float]:
    judged = _judged(study, found)
    if judged is None or len(set(study.places[0].counts)) == 1:
        return {}
    whole, measure = judged
    confusion = confusion_matrices(whole.labels, whole.decisions, whole.n_classes)
    return {
        name: float(measure.value(at_prior(confusion[m], prior)).mean())
        for m, name in enumerate(whole.methods)
        if name in study.believed.at(study.rarest)
    }


def _always(study: Study, found: Evidence) -> float:
    """Return the figure of naming the rarest class whatever one sees, where classes have the shares of training."""
    judged = _judged(study, found)
    assert judged is not None, "a study that is told has rows"
    (whole, measure), counts = judged, _counts(study)
    rarest = np.full((1, 1, len(whole.labels)), counts.argmin())
    confusion = confusion_matrices(whole.labels, rarest, whole.n_classes)
    return float(measure.value(at_prior(confusion, training_prior(counts))).item())


def _row(study: Study, training: dict[str, float], found: Evidence) -> tuple[Entry, ...]:
    counts = _counts(study)
    equal = _valued(study, found, np.full(len(counts), 1 / len(counts)))
    taken = study.believed.taken(study.rarest)[0]
    best = max(training, key=lambda name: training[name])
    return (
        study.name(study.rarest),
        f"{counts.min() / counts.sum():.1%}".replace("%", " %"),
        level(equal[plain()]),
        f"{taken} {level(equal[taken])}",
        level(training[plain()]),
        f"{level(training[taken])}, {in_ends(gained_in_training(study, found))}",
        level(_always(study, found)),
        f"{best} {level(training[best])}",
        study.link,
    )
