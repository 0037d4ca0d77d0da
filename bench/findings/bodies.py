"""Bodies: what another protocol, such as a frozen pretrained body, does to the same datasets at the same counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from bench.analysis.spots import plain
from bench.findings.printing import believed_change, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study

PLAINLY = "plain training"
TITLE = "What a pretrained body does to it"


def bodies(found: Evidence) -> Section:
    """Return the baseline and the choice of every place that was run under several profiles."""
    rows = [row for first, second in pairs(found) for row in _rows(first, second)]
    alone = sorted({study.shown for study in found.studies} - {study.shown for pair in pairs(found) for study in pair})
    lacking = (f"{', '.join(alone)}: run under one profile only, so far.",) if alone else ()
    if not rows:
        return Section(TITLE, lacking=lacking or ("No dataset is run under two profiles yet.",))
    better = sum(1 for row in rows if row[-1] == PLAINLY)
    words = (
        f"In {better} of {counted(len(rows), 'place')} plain training under the second profile is believed to lie "
        "above the best of the first, whatever that does about the imbalance."
    )
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
    return Section(TITLE, (words,), (Grid(header, tuple(rows)),), lacking=lacking)


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
                f"{first.profile}, {second.profile}",
                level(base),
                f"{name} {level(best)}",
                level(other_base),
                f"{other} {level(other_best)}",
                believed_change(gain),
                PLAINLY if other_base > best else "its best alone" if other_best > best else "neither",
            )


def _levels(study: Study, place: str) -> tuple[float, float, str]:
    """Return the believed means of the baseline and of the best, and which that is."""
    it = study.believed
    best = it.best(place, it.at(place))
    base, top = (float(it.mean(it.headline, method, place).mean()) for method in (plain(), best))
    return base, top, best
