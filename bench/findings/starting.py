"""Starting: what to take first in a situation like one's own, by what it is expected to lose where it was tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.conditions import listed
from bench.analysis.metrics import SHOTS
from bench.analysis.recommending import DELTA
from bench.dataset import Task
from bench.findings.printing import MISSING, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import STAR, Evidence, Study, partly

TITLE = "Your situation, and what to start with"
Tried = tuple[Study, Task]


@dataclass(frozen=True)
class Situation:
    """Classes, protocol, and images of the rarest class; what was tried in it."""

    words: str
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class Start:
    """A method with what it is expected to lose against the best: on average over datasets, and where it is worst."""

    method: str
    mean: float
    worst: float
    where: Tried


def starting(found: Evidence) -> Section:
    """Return one row a situation."""
    rows = []
    for situation in situations(found):
        if best := start(situation):
            base = next((it for it in _regrets(situation) if it.method == plain()), None)
            rows.append(_row(situation, best, base))
    if not rows:
        return Section(TITLE, lacking=("Two methods in one situation: not run yet.",))
    header = (
        "Your situation",
        "Start with",
        "Expected loss",
        "At worst, against other methods",
        f"{plain()} loses",
        "Always rare loses",
        "Not surely ahead of always rare",
        "Tried on",
        "Evidence",
    )
    note = (
        "Loss: against the best method of each place, in F1 of the rare class (of many classes: ACSA), believed after "
        "seeing the runs; mean over the places of each dataset, then over datasets. Of methods within "
        f"{DELTA:g} of the least loss, the cheapest, and of those the one that loses least; {plain()} stands beside it "
        "where it is within that, too. It is a rule for places not tried, so that it may be another method than what "
        "the linked page takes at one of its own. Always rare: a decision that names the rarest class whatever it "
        f"sees. What it and {plain()} lose is told from the best dataset to the worst; it is below 0 where always rare "
        "is ahead of all methods, and where the method is not surely ahead of it, no training may be worth it. All for "
        "test images in equal shares. One dataset is one dataset; "
        f"{STAR}: the body has seen these photographs with their labels."
    )
    tried = dict.fromkeys((study, place.place) for it in situations(found) for study, place in it.tried)
    lacking = partly(tried)
    return Section(TITLE, grids=(Grid(header, tuple(rows), note=note),), lacking=(lacking,) if lacking else ())


def situations(found: Evidence) -> Iterator[Situation]:
    """Give the situations that there are runs of: by classes, by profile, by images of the rarest class."""
    groups: dict[tuple[bool, str, str], list[Tried]] = {}
    for study in found.studies:
        for place in study.places:
            if len(set(place.counts)) > 1:
                groups.setdefault((study.of_two, study.profile, _band(place)), []).append((study, place))
    bands = {
        "few": f"fewer than {SHOTS.few}",
        "medium": f"{SHOTS.few} to {SHOTS.many}",
        "many": f"more than {SHOTS.many}",
    }
    for of_two in (True, False):
        for band, words in bands.items():
            for profile in found.profiles:
                if tried := groups.get((of_two, profile, band)):
                    classes = "Two classes" if of_two else "A long tail of classes"
                    yield Situation(f"{classes}, {words} images of the rarest; {profile}", tuple(tried))


def start(situation: Situation) -> Start | None:
    """Return the cheapest method whose mean loss lies within delta of the least; None where there is one alone."""
    found = _regrets(situation)
    if len(found) < 2:
        return None
    least = min(it.mean for it in found)
    near = [it for it in found if it.mean <= least + DELTA]
    return min(near, key=lambda it: (_cost(situation, it.method), it.mean))


def _regrets(situation: Situation) -> list[Start]:
    """Return what every method loses that has runs at each place of a situation."""
    each = [(tried, tried[0].believed.regrets(tried[1].place)) for tried in situation.tried]
    methods = [name for name in each[0][1] if all(name in regrets for _, regrets in each)]
    found = []
    for name in methods:
        losses = [(regrets[name], tried) for tried, regrets in each]
        worst, where = max(losses, key=lambda it: it[0])
        found.append(Start(name, _over_datasets([(loss, study) for loss, (study, _) in losses]), worst, where))
    return found


def _cost(situation: Situation, method: str) -> float:
    """Return what a method takes beside the baseline, to two digits, mean over the places; infinite where not known."""
    ratios = []
    for study, place in situation.tried:
        mine, base = (study.believed.costs.get((name, place.place)) for name in (method, plain()))
        ratios.append(mine / base if mine and base else float("inf"))
    return float(f"{sum(ratios) / len(ratios):.2g}")


def _band(place: Task) -> str:
    rarest = min(place.counts)
    return "few" if rarest < SHOTS.few else "many" if rarest > SHOTS.many else "medium"


def _row(situation: Situation, best: Start, base: Start | None) -> tuple[Entry, ...]:
    tasks = list(dict.fromkeys(f"{study.shown}{STAR if study.seen else ''}" for study, _ in situation.tried))
    tried = f"{', '.join(tasks)}: {counted(len(situation.tried), 'place')}"
    least = min(it.mean for it in _regrets(situation))
    as_good = base is not None and best.method != plain() and base.mean <= least + DELTA
    worst = f"{level(best.worst)} ({best.where[0].shown} {best.where[1].place})"
    plainly = [(study.believed.regrets(place.place).get(plain()), study) for study, place in situation.tried]
    loses = MISSING if base is None else _ends([(loss, study) for loss, study in plainly if loss is not None])
    always = _ends([(_always(study, place.place), study) for study, place in situation.tried])
    doubted = [
        (it, place.place) for it, place in situation.tried if not it.believed.beats_always(best.method, place.place)
    ]
    behind = [it.name(at) for it, at in doubted if it.believed.trails_always(best.method, at)]
    return (
        situation.words,
        f"{best.method}, or {plain()}" if as_good else best.method,
        level(best.mean),
        worst,
        loses,
        always,
        f"{len(doubted)} of {counted(len(situation.tried), 'place')}"
        f"{f', surely behind it at {listed(behind)}' if behind else ''}",
        tried,
        situation.tried[0][0].link,
    )


def _ends(losses: list[tuple[float, Study]]) -> str:
    """Return losses by dataset, from the smallest to the largest."""
    each = _by_dataset(losses)
    lowest, highest = level(min(each)), level(max(each))
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _always(study: Study, place: str) -> float:
    """Return what always naming the rarest class is expected to lose against the best at a place."""
    return study.believed.best_mean(place) - study.believed.always[place]


def _over_datasets(losses: Iterable[tuple[float, Study]]) -> float:
    """Return the mean over the places of each dataset, then over datasets."""
    return float(np.mean(_by_dataset(losses)))


def _by_dataset(losses: Iterable[tuple[float, Study]]) -> list[float]:
    """Return the mean over the places of each dataset."""
    mine: dict[str, list[float]] = {}
    for loss, study in losses:
        mine.setdefault(study.task, []).append(loss)
    return [float(np.mean(each)) for each in mine.values()]
