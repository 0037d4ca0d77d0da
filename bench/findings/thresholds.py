"""Threshold or representation: how much of what methods gain is left once the baseline's threshold moves too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysis.advice import belief
from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA, AUC, TUNED, Effect, effect
from bench.analysis.conditions import listed
from bench.analysis.recommending import DELTA
from bench.findings.moved import (
    drawn_gains,
    few_seeds,
    in_shares,
    mean_gain,
    moved,
    of_kinds,
    other_rows,
    threshold_rows,
    trained_rows,
)
from bench.findings.printing import MISSING, believed_change, change, counted
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
    "by one, though some are nearly one method. Where the last layer alone is trained, weight decay holds rows that "
    "weigh their losses down (CS, CBL, DRW) harder than those that resample: what they gain beyond OS there is to that "
    "extent decay, not the method (docs/pretrained-profile.md)."
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
    counted_out, few = threshold_rows(study), few_seeds(study)
    trained = [name for name in trained_rows(study) if name not in few]
    if study.of_two or not counted_out or not trained:
        return ""
    best, moved_alone = (max(names, key=lambda name: mean_gain(study, ACSA, name)) for names in (trained, counted_out))
    classes = len(study.places[0].classes)
    gain = mean_gain(study, ACSA, best)
    same = [name for name in trained if name != best and not study.believed.gain(ACSA, name, study.rarest, best).any()]
    near = [name for name in trained if name not in (best, *same) and gain - mean_gain(study, ACSA, name) <= DELTA]
    told = [f"{listed(same)} the same, run for run"] if same else []
    told += [f"{listed(near)} within {DELTA:g} of it"] if near else []
    alike = f" ({'; '.join(told)})" if told else ""
    ranks = study.believed.gain(AUC, best, study.rarest)
    better = f" {best} ranks better, too: ROC-AUC {believed_change(ranks)}." if effect(ranks) == "helps" else ""
    return (
        f"With the {classes} classes of {study.name()}, {best} gains {change(gain)} in ACSA{alike}, {moved_alone}, a "
        f"threshold by class counts alone, {change(mean_gain(study, ACSA, moved_alone))}.{better}"
    )


def labelled(studies: Sequence[Study]) -> str:
    """Return how many times as many validation as training images of the rare class there are, "" where not known."""
    times = sorted(it.validation / min(it.places[0].counts) for it in studies if it.validation)
    ends = list(dict.fromkeys(f"{it:.2g}" for it in (times[0], times[-1]))) if times else []
    return f"{' to '.join(ends)} times" if ends else ""


def by_counts(studies: Sequence[Study]) -> str:
    """Return what a threshold by class counts gains beside what methods gain that train, kind by kind; "" of none."""
    told, names = [], dict[str, None]()
    for words, mine, _ in of_kinds(studies):
        if both := [it for it in mine if threshold_rows(it)]:
            names |= dict.fromkeys(name for it in both for name in threshold_rows(it))
            free, best = (
                np.mean([max(mean_gain(it, ACSA, name) for name in rows(it)) for it in both])
                for rows in (threshold_rows, trained_rows)
            )
            theirs = np.mean([drawn_gains(it, ACSA).mean() for it in both])
            told.append(
                f"{change(float(free))} {words}, where the methods that train and surely help gain "
                f"{change(float(theirs))} on average and the best of each setting {change(float(best))}"
            )
    alone = f"A threshold by class counts alone ({listed([*names], 'or')}), which needs no image, gains" if told else ""
    return f"{alone} {'; '.join(told)}." if told else ""


def charted(studies: Sequence[Study]) -> list[Study]:
    """Return the studies that the charts show: of two classes, with a method beside the baseline."""
    return [it for it in studies if TUNED in it.believed.draws and other_rows(it)]


def _pictures(studies: Sequence[Study]) -> tuple[Picture, ...]:
    """Return the charts of both gains, all settings at a glance and then every method by its name."""
    panels = [
        drawn.Panel(
            it.name(it.rarest),
            [drawn.Gain(name, *(_interval(it, metric, name) for metric in (ACSA, TUNED))) for name in other_rows(it)],
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
    told = [effect(it.believed.gain(TUNED, name, it.rarest)) for it in studies for name in trained_rows(it)]
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
    names, share = trained_rows(study), moved([study]) if TUNED in study.believed.draws else None
    gains = {metric: change(float(drawn_gains(study, metric).mean())) for metric in study.believed.draws if names}
    return (
        study.name(study.rarest),
        f"{len(names)} of {len(other_rows(study)) - len(threshold_rows(study))}",
        gains.get(ACSA, MISSING),
        gains.get(TUNED, MISSING),
        MISSING if share is None else in_shares(share),
        _of_counts(study),
        gains.get(AUC, MISSING),
        study.link,
    )


def _of_counts(study: Study) -> str:
    return ", ".join(f"{name} {change(mean_gain(study, ACSA, name))}" for name in threshold_rows(study)) or MISSING


def _every(study: Study) -> Grid:
    names = [name for name in dict.fromkeys((study.believed.headline, *SHOWN)) if name in study.believed.draws]
    rows = [
        (method, *(believed_change(study.believed.gain(it, method, study.rarest)) for it in names))
        for method in other_rows(study)
    ]
    header = ("Method", *(SHOWN.get(name, "F1") for name in names))
    return Grid(header, tuple(rows), f"{study.name(study.rarest)}: gains over {plain()}", folded=True)


def _interval(study: Study, metric: str, method: str) -> tuple[float, float, float]:
    found = belief(study.believed.gain(metric, method, study.rarest))
    return found.mean, found.low, found.high
