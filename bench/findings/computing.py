"""Computing: what methods with a generator give against cheap ones that were given the same computation."""

from __future__ import annotations

import numpy as np

from bench.analysis.experiments import ControlFigures
from bench.analysis.states import COUNTED
from bench.findings.printing import MISSING, change, counted, level
from bench.findings.section import Entry, Grid, Section
from bench.findings.study import Evidence, Study
from bench.report.recommended import short
from bench.statistics.intervals import t_interval

TITLE = "Does it help more than the same computation spent otherwise?"


def computing(found: Evidence) -> Section:
    """Return every control of equal computation beside what it controls."""
    pairs = [(study, control) for study in found.studies for control in study.controls]
    staged = [study for study in found.studies if study.believed.staged and not study.controls]
    lacking = tuple(
        f"{study.name()}: controls of {', '.join(sorted(study.believed.staged))} not run yet." for study in staged
    )
    if not pairs:
        return Section(TITLE, lacking=lacking or ("A method with a generator: not run yet.",))
    verdicts = [_verdict(_difference(study, control)) for study, control in pairs]
    words = (
        f"Of {counted(len(pairs), 'comparison')} at the smallest count, {verdicts.count('above')} lie above the "
        f"control by more than the luck of seeds, {verdicts.count('below')} below it, {verdicts.count('no telling')} "
        "neither."
    )
    rows = tuple(
        _row(study, control, verdict, found) for (study, control), verdict in zip(pairs, verdicts, strict=True)
    )
    header = (
        "Where",
        "Method",
        "Control",
        "Figure",
        "Method's",
        "With other translators",
        "Control's",
        "Difference",
        "Verdict",
        "Evidence",
    )
    note = (
        "Difference: mean over seeds with its 95 % interval (Student's t); of one translator, and of one test set. How "
        "far another training of the translator moves the method stands beside it, where others were run: no verdict "
        "holds that luck."
    )
    return Section(TITLE, (words,), (Grid(header, rows, note=note),), lacking=lacking)


def _difference(study: Study, control: ControlFigures) -> np.ndarray:
    metric = study.believed.headline
    found: np.ndarray = control.rival[metric] - control.figures[metric]
    return found


def _verdict(differences: np.ndarray) -> str:
    it = t_interval(differences)
    if it.low is None or it.high is None:
        return "no telling"
    return "above" if it.low > 0 else "below" if it.high < 0 else "no telling"


def _others(study: Study, control: ControlFigures, found: Evidence) -> str:
    """Return the mean over seeds that a method has with each other translator at a place."""
    rows = found.gathered[study.profile].frame
    here = (rows["task"] == study.task) & (rows["place"] == control.spot.place) & (rows["translator"] > 0)
    mine = rows[here & (rows["method"] == control.spot.method) & rows["status"].isin(COUNTED)]
    means = mine.groupby("translator")[study.believed.headline].mean()
    return ", ".join(map(level, means)) or MISSING


def _row(study: Study, control: ControlFigures, verdict: str, found: Evidence) -> tuple[Entry, ...]:
    metric = study.believed.headline
    ours, theirs = (float(it[metric].mean()) for it in (control.rival, control.figures))
    it = t_interval(_difference(study, control))
    width = "" if it.half_width is None else f" ± {level(it.half_width)}"
    figure = short(metric)
    named = f"{control.control}, {control.epochs} epochs"
    return (
        study.name(control.spot.place),
        control.spot.method,
        named,
        figure,
        level(ours),
        _others(study, control, found),
        level(theirs),
        f"{change(it.mean)}{width}",
        verdict,
        study.link,
    )
