"""Labels: what the rare images that choose a threshold are worth as training images instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.believed import surely
from bench.dataset import Task
from bench.findings.printing import believed_change, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study

TITLE = "Labelled rare images: to choose a threshold by, or to train on?"
NEAR = 1.5  # a count within this factor of another is about as many


@dataclass(frozen=True, eq=False)
class Spent:
    """The best row at the smallest count, and plain training with about as many rare images as both parts hold."""

    study: Study
    best: str
    more: Task
    gain: np.ndarray  # draws of plain training there less the best row here


def labels(found: Evidence) -> Section:
    """Return what plain training gains by as many more rare images as were kept for validation."""
    each = list(_spent(found.studies))
    if not each:
        return Section(TITLE, lacking=("A dataset at a second count, about as large as both parts together: not run.",))
    above, below = (sum(surely(sign * it.gain) for it in each) for sign in (1, -1))
    words = (
        "Plain training on about as many rare images as the smallest count has to train on and to validate on together "
        f"is surely better than the best row there in {above} of {counted(len(each), 'setting')}, surely worse in "
        f"{below}. Whoever can label more rare images should set any method beside that.",
    )
    header = (
        "Where",
        "Rare images to train on, to validate on",
        "The best row",
        f"{plain()} on about as many",
        "Its gain over that row",
        "Evidence",
    )
    note = (
        "F1 of the rare class (of many classes: ACSA), believed, on test images in equal shares. About as many: the "
        f"count that was run that lies nearest to both parts together, no farther than by a factor of {NEAR:g}. Its "
        "epochs, and the thresholds of rows that choose one, still go by the validation images."
    )
    return Section(TITLE, words, (Grid(header, tuple(map(_row, each)), note=note),))


def _spent(studies: tuple[Study, ...]) -> Iterator[Spent]:
    for study in studies:
        it, place = study.believed, study.rarest
        whole = min(study.places[0].counts) + study.validation
        others = [each for each in study.places[1:] if plain() in it.at(each.place)]
        if not study.validation or not others:
            continue
        nearest = min(others, key=lambda each: abs(log(min(each.counts) / whole)))
        if abs(log(min(nearest.counts) / whole)) <= log(NEAR):
            best = it.best(place, it.at(place))
            gain = it.mean(it.headline, plain(), nearest.place) - it.mean(it.headline, best, place)
            yield Spent(study, best, nearest, gain)


def _row(spent: Spent) -> tuple[Entry, ...]:
    study, it = spent.study, spent.study.believed
    best, plainly = (
        float(it.mean(it.headline, name, place).mean())
        for name, place in ((spent.best, study.rarest), (plain(), spent.more.place))
    )
    return (
        study.name(study.rarest),
        f"{min(study.places[0].counts)}, {study.validation}",
        f"{spent.best} {level(best)}",
        f"{min(spent.more.counts)}: {level(plainly)}",
        believed_change(spent.gain),
        study.link,
    )
