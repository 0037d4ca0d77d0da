"""Bodies: what another protocol, such as a frozen pretrained body, does to the same datasets at the same counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.believed import surely
from bench.findings.printing import believed_change, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import STAR, Evidence, Study

PLAINLY, BEST_ALONE, NEITHER = "plain training", "its best alone", "not surely"
TITLE = "What a pretrained body, and larger images, do to it"


def bodies(found: Evidence) -> Section:
    """Return the baseline and the choice of every place that was run under several profiles."""
    rows = [(row, first, second) for first, second in pairs(found) for row in _rows(first, second)]
    alone = sorted({study.shown for study in found.studies} - {study.shown for pair in pairs(found) for study in pair})
    lacking = (f"{', '.join(alone)}: run under one profile only, so far.",) if alone else ()
    if not rows:
        return Section(TITLE, lacking=lacking or ("No dataset is run under two profiles yet.",))
    kinds: dict[tuple[str, str, bool], dict[str, list[bool]]] = {}
    for row, first, second in rows:
        kind = first.profile, second.profile, first.seen or second.seen
        kinds.setdefault(kind, {}).setdefault(first.shown, []).append(row[-1] == PLAINLY)
    words = [_sentence(*kind, above) for kind, above in kinds.items()]
    header = (
        "Where",
        "Profiles",
        f"{plain()}, first",
        "Best, first",
        f"{plain()}, second",
        "Best, second",
        "What the best gains there",
        "Above the first's best",
    )
    note = (
        "Believed means; surely: the ends that hold the difference with probability 0.9 lie above zero. A profile with "
        "a frozen body differs from the others in more than that: in the pixels of its images, a linear head alone is "
        "trained, with more seeds, of other rare images each, and the last epoch is tested, none selected."
    )
    return Section(TITLE, tuple(words), (Grid(header, tuple(row for row, *_ in rows), note=note),), lacking=lacking)


def _sentence(first: str, second: str, seen: bool, above: Mapping[str, Sequence[bool]]) -> str:
    """Return where plain training under the second profile lies above all of the first, dataset by dataset."""
    where = ", ".join(f"in {sum(told)} of {counted(len(told), 'place')} of {name}" for name, told in above.items())
    known = " (the body has seen these photographs with their labels)" if seen else ""
    return (
        f"From {first} to {second}{known}: plain training under {second} lies surely above the best row of {first}, "
        f"whatever that does about the imbalance, {where}."
    )


def pairs(found: Evidence) -> list[tuple[Study, Study]]:
    """Return the studies of one dataset under two profiles."""
    return [(a, b) for a, b in combinations(found.studies, 2) if a.task == b.task]


def common(first: Study, second: Study) -> list[str]:
    """Return the places that two studies of a dataset share."""
    labels = {it.place for it in second.places}
    return [it.place for it in first.places if it.place in labels]


def _rows(first: Study, second: Study) -> Iterator[tuple[Entry, ...]]:
    for place in common(first, second):
        if all(plain() in it.believed.at(place) for it in (first, second)):
            base, best, name = _levels(first, place)
            other_base, other_best, other = _levels(second, place)
            gain = second.believed.gain(second.believed.headline, other, place)
            yield (
                f"{first.shown} {place}",
                f"{first.profile}, {second.profile}{STAR if second.seen else ''}",
                level(base),
                f"{name} {level(best)}",
                level(other_base),
                f"{other} {level(other_best)}",
                believed_change(gain),
                _above(second, first, place, (plain(), other), name),
            )


def _above(second: Study, first: Study, place: str, rows: tuple[str, str], best: str) -> str:
    """Return which row of the second study lies surely above the best of the first: plain training, or its best."""
    theirs = first.believed.mean(first.believed.headline, best, place)
    theirs = np.roll(theirs, 1)  # both are drawn from the same random numbers
    for words, name in zip((PLAINLY, BEST_ALONE), rows, strict=True):
        if surely(second.believed.mean(second.believed.headline, name, place) - theirs):
            return words
    return NEITHER


def _levels(study: Study, place: str) -> tuple[float, float, str]:
    """Return the believed means of the baseline and of the best, and which that is."""
    it = study.believed
    best = it.best(place, it.at(place))
    base, top = (float(it.mean(it.headline, method, place).mean()) for method in (plain(), best))
    return base, top, best
