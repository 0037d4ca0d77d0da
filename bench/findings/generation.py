"""Generation: where methods that rest on a generator or translator help, do nothing or harm, by images of a class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.advice import belief
from bench.analysis.baseline import plain
from bench.analysis.believed import AUC, TUNED, Effect, effect
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
        _sentence(each, "over_best", "over the best row without a generator"),
        _sentence(each, "over_plain", f"over {plain()}"),
        *_tuned(each),
    ]
    header = (
        "Where",
        "Images of the rarest class",
        "Method",
        f"Seen over {plain()}",
        f"Believed over {plain()}",
        "So it",
        "In ACSA, all thresholds tuned",
        "In ROC-AUC",
        "Best row without",
        "Believed over it",
        "So it",
        "Evidence",
    )
    note = (
        "Differences in F1 of the minority (of many classes: ACSA). Seen: mean over the seeds, with the first "
        "translator or generator. Believed: of true means, with ends that hold it with probability 0.9; what one "
        "translator shows may be its own luck, so that belief stays nearer to the other rows. "
        f"Does nothing: less than {DELTA:g} either way, with probability {SURE:g}. With all thresholds tuned, and in "
        f"ROC-AUC: believed over {plain()}, what is more than a moved threshold.{_further(each)}"
    )
    return Section(TITLE, tuple(words), (Grid(header, tuple(map(_row, each)), note=note),), (_picture(each),), lacking)


def _further(each: list[Generated]) -> str:
    """Say whose figures rest on more test images than the tables' do."""
    names = dict.fromkeys(it.study.name() for it in each if it.study.believed.extended)
    return f" Of {'; '.join(names)} on a further test part, too, which the tables leave out." if names else ""


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
    helps: dict[str, list[int]] = {}
    for it, said in zip(each, told, strict=True):
        if said == "helps":
            helps.setdefault(it.study.name(), []).append(min(it.place.counts))
    spans = [f"{_span(counts)} images of the rarest class ({name})" for name, counts in helps.items()]
    where = f" It helps with {', with '.join(spans)}." if spans else ""
    return f"{_told(words, told)}{where}"


def _tuned(each: list[Generated]) -> list[str]:
    """Return how often generation does more than move a threshold, nothing where none is tuned."""
    two = [it for it in each if TUNED in it.study.believed.draws]
    told = [effect(it.study.believed.gain(TUNED, it.method, it.place.place)) for it in two]
    return [_told(f"over {plain()} in ACSA once all thresholds are tuned", told)] if told else []


def _told(words: str, told: list[Effect]) -> str:
    kinds = ", ".join(f"{kind} {told.count(kind)}" for kind in KINDS if told.count(kind))
    return f"Gain {words}, in {counted(len(told), 'comparison')}: {kinds}."


def _span(counts: list[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _row(it: Generated) -> tuple[Entry, ...]:
    place, of = it.study.name(it.place.place), it.study.believed
    more = [
        believed_change(of.gain(metric, it.method, it.place.place)) if metric in of.draws else MISSING
        for metric in (TUNED, AUC)
    ]
    plainly, best = (believed_change(draws) for draws in (it.over_plain, it.over_best))
    seen = it.study.believed.seen[it.study.believed.headline]
    mine, base = (seen.get((name, it.place.place)) for name in (it.method, plain()))
    return (
        place,
        str(min(it.place.counts)),
        it.method,
        MISSING if mine is None or base is None else change(mine - base),
        plainly,
        effect(it.over_plain),
        *more,
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
