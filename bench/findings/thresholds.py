"""Threshold or representation: how much of what methods gain is left once the baseline's threshold moves too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysis.believed import ACSA, AUC, TUNED, belief, effect
from bench.analysis.recommending import listed
from bench.analysis.spots import plain
from bench.findings.printing import MISSING, believed_change, change, counted, percent
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.pictures import thresholds as drawn
from bench.report.pictures.picture import Picture

TITLE, PICTURE = "A moved threshold, or a better network?", "thresholds"
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
    "Means over the methods that surely beat {base} in ACSA at the smallest count. Tuned: the threshold of every fit, "
    "the baseline's too, lies where the ACSA of the validation images is best: no training, but labelled images, more "
    "of the rare class than some training sets have. By class counts alone: the gain of rows that read the baseline's "
    "own fits, with a threshold that needs no image."
)


def thresholds(found: Evidence) -> Section:
    """Return the gains of every method with its own threshold, and with everybody's chosen by validation images."""
    every = [it for it in found.studies if plain() in it.believed.at(it.rarest)]
    two = [it for it in every if TUNED in it.believed.draws]
    many = [it.name() for it in every if not it.of_two]
    lacking = [f"{listed(many)}: many classes have no one threshold, so that none is tuned."] if many else []
    lacking += [] if two else ["Two classes with a baseline: not run yet."]
    if not every:
        return Section(TITLE, lacking=tuple(lacking))
    grid = Grid(HEADER, tuple(map(_row, every)), note=NOTE.format(base=plain()))
    pictures = (picture(two),) if two else ()
    return Section(TITLE, tuple(_words(two)), (grid, *map(_every, every)), pictures, tuple(lacking))


def helping(study: Study) -> list[str]:
    """Return the methods that surely beat the baseline in ACSA at the smallest count."""
    there = study.believed.at(study.rarest)
    return [name for name in there if effect(study.believed.gain(ACSA, name, study.rarest)) == "helps"]


def moved(studies: Sequence[Study]) -> float | None:
    """Return the share of what helping methods gain that is a moved threshold, None where none helps."""
    each = [(it, name) for it in studies for name in helping(it)]
    if not each:
        return None
    gain, left = (np.mean([_mean(it, metric, name) for it, name in each]) for metric in (ACSA, TUNED))
    return float(np.clip(1 - left / gain, 0, 1))


def picture(studies: Sequence[Study]) -> Picture:
    """Return the chart of both gains."""
    panels = [
        drawn.Panel(
            it.name(it.rarest),
            [drawn.Gain(name, *(_interval(it, metric, name) for metric in (ACSA, TUNED))) for name in _others(it)],
        )
        for it in studies
    ]
    return drawn.figure(panels, plain(), PICTURE)


def _words(two: Sequence[Study]) -> list[str]:
    share = moved(two)
    if share is None:
        where = listed([it.name() for it in two]) if two else ""
        return [f"No method surely beats {plain()} in ACSA at the smallest count of {where}."] if two else []
    each = [(it, name) for it in two for name in helping(it)]
    better = [name for it, name in each if belief(it.believed.gain(TUNED, name, it.rarest)).low > 0]
    return [
        f"Where there are two classes, {percent(share)} of what methods gain over {plain()} in ACSA is a moved "
        "threshold: it goes when the "
        f"threshold of {plain()} is chosen on the validation images, too. Of {counted(len(each), 'row')} that help, "
        f"{len(better)} surely do more than move a threshold."
    ]


def _row(study: Study) -> tuple[Entry, ...]:
    names, share = helping(study), moved([study]) if TUNED in study.believed.draws else None
    gains = {
        metric: change(float(np.mean([_mean(study, metric, name) for name in names])))
        for metric in study.believed.draws
        if names
    }
    return (
        study.name(study.rarest),
        f"{len(names)} of {len(_others(study))}",
        gains.get(ACSA, MISSING),
        gains.get(TUNED, MISSING),
        MISSING if share is None else percent(share),
        _counted_out(study),
        gains.get(AUC, MISSING),
        study.link,
    )


def _counted_out(study: Study) -> str:
    """Return what rows gain that read the baseline's own fits: theirs is a threshold made of class counts."""
    it, place = study.believed, study.rarest
    own = it.records.get((plain(), place))
    rows = [name for name in _others(study) if it.records[name, place] == own]
    return ", ".join(f"{name} {change(_mean(study, ACSA, name))}" for name in rows) or MISSING


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
