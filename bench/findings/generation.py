"""Generation: where methods that rest on a generator or translator help, do nothing or harm, by images of a class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.advice import belief
from bench.analysis.baseline import plain
from bench.analysis.believed import Effect, effect
from bench.analysis.recommending import DELTA
from bench.dataset import Task
from bench.findings.printing import MISSING, believed_change, change, counted
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.pictures import effects
from bench.report.pictures.picture import Picture
from bench.statistics.decision import SURE

TITLE = "Where generation helps, does nothing, harms"
KINDS: tuple[Effect, ...] = ("helps", "does nothing", "harms", "not known")


@dataclass(frozen=True, eq=False)
class Generated:
    """A method with a generator at one place: draws of its gain over the baseline, and over the best row without."""

    study: Study
    method: str
    place: Task
    over_plain: np.ndarray
    best: str
    over_best: np.ndarray


def generation(found: Evidence) -> Section:
    """Return the gains of every method with a generator, place by place."""
    each = list(generated(found))
    none = [study.name() for study in found.studies if not study.believed.staged]
    lacking = (f"{'; '.join(none)}: no row with a generator.",) if none else ()
    if not each:
        return Section(TITLE, lacking=("A method with a generator: not run yet.", *lacking))
    words = [
        _sentence(each, "over_plain", f"over {plain()}"),
        _sentence(each, "over_best", "over the best row without a generator"),
    ]
    header = (
        "Where",
        "Images of the rarest class",
        "Method",
        f"Seen over {plain()}",
        f"Believed over {plain()}",
        "So it",
        "Best row without",
        "Believed over it",
        "So it",
        "Evidence",
    )
    note = (
        "Differences in F1 of the minority (of many classes: ACSA). Seen: mean over the seeds, with the first "
        "translator or generator. Believed: of true means, with ends that hold it with probability 0.9; what one "
        "translator shows may be its own luck, so that belief stays nearer to the other rows. "
        f"Does nothing: less than {DELTA:g} either way, with probability {SURE:g}."
    )
    return Section(TITLE, tuple(words), (Grid(header, tuple(map(_row, each)), note=note),), (_picture(each),), lacking)


def generated(found: Evidence) -> Iterator[Generated]:
    """Give every method with a generator, at every place where it, the baseline and another row were run."""
    for study in found.studies:
        it = study.believed
        for place in study.places:
            there = it.at(place.place)
            without = tuple(name for name in there if name not in it.staged)
            if plain() in without:
                best = it.best(place.place, without)
                for method in sorted(it.staged & set(there)):
                    gains = (it.gain(it.headline, method, place.place, over) for over in (plain(), best))
                    over_plain, over_best = gains
                    yield Generated(study, method, place, over_plain, best, over_best)


def _sentence(each: list[Generated], which: str, words: str) -> str:
    told = [effect(getattr(it, which)) for it in each]
    kinds = ", ".join(f"{kind} {told.count(kind)}" for kind in KINDS if told.count(kind))
    counts = {
        kind: [min(it.place.counts) for it, said in zip(each, told, strict=True) if said == kind] for kind in KINDS
    }
    where = f" It helps with {_span(counts['helps'])} images of the rarest class." if counts["helps"] else ""
    return f"Gain {words}, in {counted(len(each), 'comparison')}: {kinds}.{where}"


def _span(counts: list[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _row(it: Generated) -> tuple[Entry, ...]:
    place = it.study.name(it.place.place)
    plainly, best = (believed_change(draws) for draws in (it.over_plain, it.over_best))
    seen = it.study.believed.seen
    mine, base = (seen.get((name, it.place.place)) for name in (it.method, plain()))
    return (
        place,
        str(min(it.place.counts)),
        it.method,
        MISSING if mine is None or base is None else change(mine - base),
        plainly,
        effect(it.over_plain),
        it.best,
        best,
        effect(it.over_best),
        it.study.link,
    )


def _picture(each: list[Generated]) -> Picture:
    lines: dict[tuple[str, str], list[effects.Dot]] = {}
    for it in each:
        found = belief(it.over_best)
        dot = effects.Dot(min(it.place.counts), found.mean, found.low, found.high)
        lines.setdefault((it.study.name(), it.method), []).append(dot)
    return effects.figure(lines, "generation", "the best row without a generator", "F1 (of many classes ACSA)")
