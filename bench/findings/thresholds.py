"""Threshold or representation: how much of what methods gain is left once the baseline's threshold moves too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis.advice import Belief, belief
from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA, AUC, TUNED, Effect, effect
from bench.analysis.recommending import DELTA, listed
from bench.findings.printing import MISSING, believed_change, change, counted, percent
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.pictures import thresholds as drawn
from bench.report.pictures.picture import Picture

TITLE, OVERVIEW, PICTURE = "A moved threshold, or a better network?", "overview", "thresholds"
SHOWN = {ACSA: "ACSA", TUNED: "ACSA, all thresholds tuned", AUC: "ROC-AUC"}
HEADER = (
    "Where",
    "Methods that help",
    "Gain, ACSA",
    "Left when all thresholds are tuned",
    "A moved threshold",
    "By class counts alone",
    "Gain, ROC-AUC",
    "Evidence",
)
NOTE = (
    "Means over the methods with a training of their own that surely beat {base} in ACSA at the smallest count. "
    "Tuned: the threshold of every fit, the baseline's too, lies where the ACSA of the validation images is best: no "
    "training, but labelled images{labelled}. By class counts alone: the gain of rows that read the baseline's own "
    "fits, with a threshold that needs no image. A share counts as 0 % or 100 % where it lies beyond; one of several "
    "settings is that of the means of their gains, so that a setting with large gains says more. Rows are counted one "
    "by one, though some are nearly one method."
)


def thresholds(found: Evidence) -> Section:
    """Return the gains of every method with its own threshold, and with everybody's chosen by validation images."""
    every = [it for it in found.studies if plain() in it.believed.at(it.rarest)]
    two = [it for it in every if TUNED in it.believed.draws]
    many = [it.name() for it in every if not it.of_two]
    lacking = [f"{'; '.join(many)}: many classes have no one threshold, so that none is tuned."] if many else []
    lacking += [] if two else ["Two classes with a baseline: not run yet."]
    if not every:
        return Section(TITLE, lacking=tuple(lacking))
    more = f", here {times} as many of the rare class as there are to train on" if (times := labelled(two)) else ""
    grid = Grid(HEADER, tuple(map(_row, every)), note=NOTE.format(base=plain(), labelled=more))
    words = (*_words(two), *(it for it in map(of_many, every) if it))
    return Section(TITLE, words, (grid, *map(_every, every)), _pictures(two), tuple(lacking))


def of_many(study: Study) -> str:
    """Return what a threshold by class counts gains of many classes, beside what the best row does; "" of two."""
    counted_out = _counted_out(study)
    if study.of_two or not counted_out or not _trained(study):
        return ""
    best, moved_alone = (
        max(names, key=lambda name: _mean(study, ACSA, name)) for names in (_trained(study), counted_out)
    )
    classes = len(study.places[0].classes)
    gain = _mean(study, ACSA, best)
    near = [name for name in _trained(study) if name != best and gain - _mean(study, ACSA, name) <= DELTA]
    alike = f" ({listed(near)} within {DELTA:g} of it)" if near else ""
    ranks = study.believed.gain(AUC, best, study.rarest)
    better = f" {best} ranks better, too: ROC-AUC {believed_change(ranks)}." if effect(ranks) == "helps" else ""
    return (
        f"With the {classes} classes of {study.name()}, {best} gains {change(gain)} in ACSA{alike}, a threshold by "
        f"class counts alone {change(_mean(study, ACSA, moved_alone))}.{better}"
    )


def labelled(studies: Sequence[Study]) -> str:
    """Return how many times as many validation as training images of the rare class there are, "" where not known."""
    times = sorted(it.validation / min(it.places[0].counts) for it in studies if it.validation)
    ends = list(dict.fromkeys(f"{it:.2g}" for it in (times[0], times[-1]))) if times else []
    return f"{' to '.join(ends)} times" if ends else ""


def by_counts(studies: Sequence[Study]) -> str:
    """Return what a threshold by class counts gains beside what methods gain that train, kind by kind; "" of none."""
    told = []
    for words, mine, _ in of_kinds(studies):
        both = [it for it in mine if _counted_out(it)]
        if both:
            free = np.mean([max(_mean(it, ACSA, name) for name in _counted_out(it)) for it in both])
            theirs = np.mean([_gains(it, ACSA).mean() for it in both])
            best = np.mean([max(_mean(it, ACSA, name) for name in _trained(it)) for it in both])
            told.append(f"{change(float(free))} {words} ({change(float(theirs))}, the best {change(float(best))})")
    rest = "in brackets the methods that train and surely help, on average, and the best of each setting"
    return f"A threshold by class counts alone, which needs no image, gains {'; '.join(told)}: {rest}." if told else ""


def helping(study: Study, metric: str = ACSA) -> list[str]:
    """Return the methods that surely beat the baseline in a metric at the smallest count."""
    there = study.believed.at(study.rarest)
    return [name for name in there if effect(study.believed.gain(metric, name, study.rarest)) == "helps"]


def _trained(study: Study) -> list[str]:
    """Return the methods that help and train: of rows that read the baseline's own fits a threshold is all there is."""
    return [name for name in helping(study) if name not in _counted_out(study)]


def moved(studies: Sequence[Study]) -> Belief | None:
    """Return the share of what methods gain that help and train that is a moved threshold, None where there is none.

    Every study weighs the same.
    """
    some = [it for it in studies if _trained(it)]
    if not some:
        return None
    # All draws come from the same random numbers: without a shift, two studies, or two figures, would err together.
    gain, left = (
        np.mean([np.roll(_gains(it, metric), 2 * k + shift) for k, it in enumerate(some)], axis=0)
        for shift, metric in enumerate((ACSA, TUNED))
    )
    ends = belief(np.clip(1 - left / np.where(gain > 0, gain, np.inf), 0, 1))
    return replace(ends, mean=float(np.clip(1 - left.mean() / gain.mean(), 0, 1)))


def _gains(study: Study, metric: str) -> np.ndarray:
    """Return draws of the mean gain of the methods that help and train, float (D,)."""
    each = [study.believed.gain(metric, name, study.rarest) for name in _trained(study)]
    found: np.ndarray = np.mean(each, axis=0)
    return found


def in_shares(found: Belief) -> str:
    """Return a share with the ends that hold it with probability 0.9."""
    ends = [percent(found.low), percent(found.high)]
    return percent(found.mean) if ends[0] == ends[1] else f"{percent(found.mean)} ({ends[0]} to {ends[1]})"


def of_kinds(studies: Sequence[Study]) -> Iterator[tuple[str, list[Study], Belief]]:
    """Give each kind of network, in words, with its studies and what share of their gains is a moved threshold."""
    for words, frozen in (
        ("where the last layer alone is trained", True),
        ("where the whole network is trained", False),
    ):
        mine = [it for it in studies if it.frozen == frozen]
        if (share := moved(mine)) is not None:
            yield words, [it for it in mine if _trained(it)], share


def charted(studies: Sequence[Study]) -> list[Study]:
    """Return the studies that the charts show: of two classes, with a method beside the baseline."""
    return [it for it in studies if TUNED in it.believed.draws and _others(it)]


def _pictures(studies: Sequence[Study]) -> tuple[Picture, ...]:
    """Return the charts of both gains, all settings at a glance and then every method by its name."""
    panels = [
        drawn.Panel(
            it.name(it.rarest),
            [drawn.Gain(name, *(_interval(it, metric, name) for metric in (ACSA, TUNED))) for name in _others(it)],
        )
        for it in charted(studies)
    ]
    if not panels:
        return ()
    return drawn.overview(panels, plain(), OVERVIEW), drawn.figure(panels, plain(), PICTURE)


def _words(two: Sequence[Study]) -> list[str]:
    kinds = list(of_kinds(two))
    if not kinds:
        where = "; ".join(it.name() for it in two)
        return [f"No method surely beats {plain()} in ACSA at the smallest count of {where}."] if two else []
    shares = [f"{in_shares(share)} {words} ({_named(mine)})" for words, mine, share in kinds]
    return [
        f"Of what methods gain over {plain()} in ACSA where there are two classes, this much is a moved threshold: it "
        f"is gone once all thresholds are chosen on the validation images, {plain()}'s too: {'; '.join(shares)}.",
        *(_told(words, mine) for words, mine, _ in kinds),
        *(it for it in [by_counts(two)] if it),
    ]


def _named(studies: Sequence[Study]) -> str:
    return "; ".join(it.name(it.rarest) for it in studies)


def _told(words: str, studies: Sequence[Study]) -> str:
    """Return how many rows do more than move a threshold, of one kind of network: another may know nothing."""
    told = [effect(it.believed.gain(TUNED, name, it.rarest)) for it in studies for name in _trained(it)]
    kinds: dict[Effect, str] = {
        "helps": "surely above it",
        "does nothing": f"surely within {DELTA:g} of it",
        "harms": "surely below it",
        "not known": "not known",
    }
    return (
        f"{words.capitalize()}, once all thresholds are tuned, of {counted(len(told), 'row')} that help and have a "
        f"training of their own lie beside {plain()}: "
        f"{', '.join(f'{told.count(kind)} {said}' for kind, said in kinds.items() if told.count(kind))}."
    )


def _row(study: Study) -> tuple[Entry, ...]:
    names, share = _trained(study), moved([study]) if TUNED in study.believed.draws else None
    gains = {metric: change(float(_gains(study, metric).mean())) for metric in study.believed.draws if names}
    return (
        study.name(study.rarest),
        f"{len(names)} of {len(_others(study)) - len(_counted_out(study))}",
        gains.get(ACSA, MISSING),
        gains.get(TUNED, MISSING),
        MISSING if share is None else in_shares(share),
        _of_counts(study),
        gains.get(AUC, MISSING),
        study.link,
    )


def _counted_out(study: Study) -> list[str]:
    """Return the rows that read the baseline's own fits: theirs is a threshold made of class counts."""
    it, place = study.believed, study.rarest
    own = it.records.get((plain(), place))
    return [name for name in _others(study) if it.records[name, place] == own]


def _of_counts(study: Study) -> str:
    return ", ".join(f"{name} {change(_mean(study, ACSA, name))}" for name in _counted_out(study)) or MISSING


def _every(study: Study) -> Grid:
    names = [name for name in dict.fromkeys((study.believed.headline, *SHOWN)) if name in study.believed.draws]
    rows = [
        (method, *(believed_change(study.believed.gain(it, method, study.rarest)) for it in names))
        for method in _others(study)
    ]
    header = ("Method", *(SHOWN.get(name, "F1") for name in names))
    return Grid(header, tuple(rows), f"{study.name(study.rarest)}: gains over {plain()}", folded=True)


def _others(study: Study) -> list[str]:
    return [name for name in study.believed.at(study.rarest) if name != plain()]


def _mean(study: Study, metric: str, method: str) -> float:
    return float(study.believed.gain(metric, method, study.rarest).mean())


def _interval(study: Study, metric: str, method: str) -> tuple[float, float, float]:
    found = belief(study.believed.gain(metric, method, study.rarest))
    return found.mean, found.low, found.high
