"""Holding together: what must be so if the numbers are right, whatever the methods are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from bench.analysis.advice import SAME
from bench.analysis.baseline import plain
from bench.analysis.believed import AUC
from bench.analysis.states import COUNTED
from bench.dataset import Task
from bench.findings.printed import ALIKE, idles, weights_apart
from bench.findings.printing import change, counted
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence, Study
from bench.findings.thresholds import SHOWN
from bench.record import Record

TITLE = "Do the numbers hold together?"
SURE = 0.99  # probability from which on a difference breaks an expectation: there are many
ENOUGH = 50  # images of the rarest class from which on weights near one can do nothing
EARLY = 0.25  # share of training that counts as its first epochs
RISING = 0.01  # validation ACSA that the last quarter of training gains over the one before, where it still rises
NAMED = 3  # exceptions that are named


@dataclass(frozen=True)
class Check:
    """An expectation held against one study: how often it was tried, and a text for each time that it did not hold."""

    expected: str
    tried: int
    broken: tuple[str, ...] = ()


def holding(found: Evidence) -> Section:
    """Return what was expected of each study, and how often it was so."""
    rows = []
    broken = tried = 0
    for study in found.studies:
        gathered = found.gathered[study.profile]
        frame = gathered.frame[(gathered.frame["task"] == study.task) & gathered.frame["status"].isin(COUNTED)]
        for check in checks(study, frame, gathered.records):
            tried, broken = tried + check.tried, broken + len(check.broken)
            held = f"{check.tried - len(check.broken)} of {check.tried}"
            rows.append((check.expected, study.name(), held, _named(check.broken), study.link))
    if not rows:
        return Section(TITLE, lacking=("Nothing to hold against each other yet.",))
    rows.sort(key=lambda row: str(row[0]))
    words = f"Of {counted(tried, 'check')} of what must be so if the numbers are right, {broken} failed."
    note = (
        f"A difference of true means breaks an expectation if it lies on the wrong side with probability {SURE}, a "
        "gain that was seen if it lies beyond the ends that hold what is believed with that. "
        f"Weights near one: within {ALIKE:.0%} of it, from {ENOUGH} images of the rarest class on. Epochs: at the "
        f"smallest count; training still rises where its last quarter gains {RISING} validation ACSA or more over the "
        "one before."
    ).replace("%", " %")
    header = ("What must be so", "Where", "Held", "Where not", "Evidence")
    return Section(TITLE, (words,), (Grid(header, tuple(rows), "", note),))


def checks(study: Study, frame: pd.DataFrame, records: Mapping[str, Record]) -> Iterator[Check]:
    """Give each expectation that there is something to hold against.

    Parameters
    ----------
    frame
        The study's cells with figures.
    records
        By id, those of the frame at least.
    """
    for check in (
        _rises(study),
        _same_loss(study),
        _balanced(study),
        _one_order(study, frame),
        _not_early(study, frame, records),
        _within(study),
    ):
        if check.tried:
            yield check


def _rises(study: Study) -> Check:
    it, broken, tried = study.believed, [], 0
    for fewer, more in pairwise(place for place in study.places if len(place.counts) == 2):
        for method in it.at(fewer.place):
            if method in it.at(more.place) and min(fewer.counts) < min(more.counts):
                tried += 1
                gain = it.mean(it.headline, method, more.place) - it.mean(it.headline, method, fewer.place)
                if float((gain < 0).mean()) > SURE:
                    broken.append(f"{method} from {fewer.place} to {more.place}: {change(float(gain.mean()))}")
    return Check("More images of the rare class do not surely make a method worse", tried, tuple(broken))


def _same_loss(study: Study) -> Check:
    rows = []
    for place in study.places:
        for method in study.believed.at(place.place):
            apart = weights_apart(method, place.counts)
            if min(place.counts) >= ENOUGH and apart is not None and 0 < apart <= ALIKE:
                rows.append((method, place))
    return Check(f"Class weights near one give the figures of {plain()}", len(rows), _differ(study, rows))


def _balanced(study: Study) -> Check:
    rows = [
        (method, place)
        for place in study.places
        if len(set(place.counts)) == 1
        for method in study.believed.at(place.place)
        if method != plain() and idles(method)
    ]
    return Check("At equal counts, rows that correct counts do nothing", len(rows), _differ(study, rows))


def _one_order(study: Study, frame: pd.DataFrame) -> Check:
    """Hold the ROC-AUC of rows that decide differently about one fit against each other: it must be the same number."""
    broken, tried = [], 0
    if study.of_two and AUC in frame:
        for _, same in frame.drop_duplicates(["record", "method"]).groupby("record", sort=False):
            if len(same) > 1:
                tried += 1
                if same[AUC].nunique(dropna=False) > 1:
                    broken.append(f"{' and '.join(same['method'])} at {same['place'].iloc[0]}")
    return Check("Decisions about one fit have one ROC-AUC, to the last bit", tried, tuple(broken))


def _not_early(study: Study, frame: pd.DataFrame, records: Mapping[str, Record]) -> Check:
    broken, tried = [], 0
    here = frame[frame["place"] == study.rarest].drop_duplicates("record")
    for id, method, seed in here[["record", "method", "seed"]].itertuples(index=False, name=None):
        scores = [it["validation_acsa"] for it in records[id].history if "validation_acsa" in it]
        selected = records[id].selected_epoch
        if len(scores) < 4 or selected is None or selected == len(scores):
            continue
        tried += 1
        quarter = len(scores) // 4
        gained = float(np.mean(scores[-quarter:]) - np.mean(scores[-2 * quarter : -quarter]))
        if selected <= EARLY * len(scores) and gained >= RISING:
            broken.append(f"{method} seed {seed}: epoch {selected} of {len(scores)}, {change(gained)}")
    return Check(
        "At the smallest count no epoch of the first quarter is selected while training still rises",
        tried,
        tuple(broken),
    )


def _within(study: Study) -> Check:
    """Hold what was seen against what is believed: a belief that moves far from its own figures wants a reason."""
    it, broken, tried = study.believed, [], 0
    for metric, (method, place) in ((metric, at) for metric, mine in it.seen.items() for at in mine):
        base = it.seen[metric].get((plain(), place))
        if base is not None and method != plain():
            tried += 1
            gain, seen = it.gain(metric, method, place), it.seen[metric][method, place] - base
            if min(float((gain <= seen + SAME).mean()), float((gain >= seen - SAME).mean())) < (1 - SURE) / 2:
                figure = "" if metric == it.headline else f" in {SHOWN[metric]}"
                broken.append(f"{method} at {place}{figure}: {change(seen)}, believed {change(float(gain.mean()))}")
    return Check(f"What was gained over {plain()} lies within what is believed of it", tried, tuple(broken))


def _differ(study: Study, rows: list[tuple[str, Task]]) -> tuple[str, ...]:
    """Return those rows that surely lie above or below the baseline."""
    told = []
    for method, place in rows:
        gain = study.believed.gain(study.believed.headline, method, place.place)
        if max(float((gain < 0).mean()), float((gain > 0).mean())) > SURE:
            told.append(f"{method} at {place.place}: {change(float(gain.mean()))}")
    return tuple(told)


def _named(broken: tuple[str, ...]) -> str:
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return "; ".join(broken[:NAMED]) + more
