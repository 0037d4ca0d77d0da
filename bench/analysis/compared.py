"""Compared: translators by the names of a paper's rows, and which of them chance may have set apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.measured import IMAGES
from bench.analysis.samples import seed_columns
from bench.analysis.spots import Spot
from bench.analysis.states import COUNTED
from bench.statistics.best import LEVEL
from bench.statistics.judged import Judged, Varying, difference, luck

POOLED = "accuracy"
MADE = ("fid", "kid", "kid_classes", "kl", "recall", "coverage")  # figures of generators that claims may speak of


@dataclass(frozen=True)
class Rivals:
    """Names of the translators that a paper compares: a stage's own, and those that a method's fits train on."""

    alone: str
    joint: str

    @property
    def equal(self) -> str:
        """The row of the stage that was trained for as many epochs as the method's translators were."""
        return f"{self.alone}, equal GAN epochs"

    @property
    def start(self) -> str:
        """The row of the stage that the method's translators went on from."""
        return f"{self.alone}, where {self.joint} starts"


def as_compared(rows: pd.DataFrame, rivals: Rivals) -> pd.DataFrame:
    """Return the measurements that a paper compares, of the first stream, with `generator` as its rows are called.

    The stage is the one trained longest. Where there is the method, the stage that its translators went on from and the
    one with as many epochs as these stand beside it.
    """
    found = _named(rows, rivals)
    return found[found["translator"] == 0].drop(columns="as_long")


def _named(rows: pd.DataFrame, rivals: Rivals) -> pd.DataFrame:
    """Return the measurements that a paper compares, and those that differ from them in their random stream alone.

    `as_long` tells which were trained for as many epochs as the method's translators.
    """
    stages = rows[rows["seed"].isna()]
    joint = rows[(rows["generator"] == rivals.joint) & (rows["translator"] == 0)]
    named = [joint.assign(as_long=True)]
    for task, group in stages.groupby("task", sort=False):
        first = group[group["translator"] == 0]
        start, trained = first["epochs"].min(), joint.loc[joint["task"] == task, "epochs"].max()
        names = {} if pd.isna(trained) else {trained: rivals.equal} | ({start: rivals.start} if start < trained else {})
        names[first["epochs"].max()] = rivals.alone
        named += [
            group[group["epochs"] == epochs].assign(generator=name, as_long=not pd.isna(trained) and epochs == trained)
            for epochs, name in names.items()
        ]
    return pd.concat(named)


def judged(measured: pd.DataFrame, figure: str, rivals: Rivals) -> dict[Spot, Judged]:
    """Return what evaluators gave the translators of `as_compared`, those with a share of every evaluator.

    Each is given its own luck: that of translators which differ from it in their random stream alone. The method's are
    those of its seeds; a stage's, those of its other streams at whatever place of the task has them. A stage with as
    many epochs as the method's translators went on from the same one for as long, and may be given theirs. The start
    is taken as it is, for all of these went on from this one. Of what is then left the luck is not known.
    """
    columns = seed_columns(measured, figure)
    shares: dict[Spot, np.ndarray] = {}
    streams: dict[tuple[str, str], list[np.ndarray]] = {}
    as_long: dict[Spot, bool] = {}
    counted = _named(measured[measured["status"].isin(COUNTED)], rivals)
    for (task, place, generator), group in counted.groupby(["task", "place", "generator"], sort=False):
        values = group[columns].to_numpy(float)
        values = values[:, ~np.isnan(values).any(axis=0)]
        if values.size:
            first = (group["translator"] == 0).to_numpy()
            spot = Spot(str(generator), str(task), str(place))
            if first.any():
                shares[spot], as_long[spot] = values[first], bool(group["as_long"].any())
            if generator != rivals.joint:
                streams.setdefault((str(task), str(generator)), []).append(values)
    found = {}
    for spot, values in shares.items():
        own = luck([values] if spot.method == rivals.joint else streams[spot.task, spot.method])
        if own is None and as_long[spot]:
            own = luck([theirs] if (theirs := shares.get(spot._replace(method=rivals.joint))) is not None else [])
        as_it_is = spot.method == rivals.start
        found[spot] = Judged(values, None if as_it_is else own, unknown=own is None and not as_it_is)
    return found


def judged_translators(measured: pd.DataFrame, rivals: Rivals) -> dict[Spot, Judged]:
    """Return what a paper compares, both directions pooled; nothing where nothing was measured."""
    return {} if measured.empty else judged(measured, POOLED, rivals)


def judged_generators(measured: pd.DataFrame) -> dict[str, dict[Spot, Judged]]:
    """Return what generators were found to be, by figure; several streams of one are several generators.

    All of a task are given the luck that those show which were trained several times. Where none was, a figure is one
    run's, whatever judges agree on: it has no interval.
    """
    rows = measured[(measured["makes"] == IMAGES) & measured["status"].isin(COUNTED)] if len(measured) else measured
    found: dict[str, dict[Spot, Judged]] = {}
    for figure in MADE:
        columns = seed_columns(rows, figure)
        for task, mine in rows.groupby("task", sort=False) if columns else ():
            values: dict[Spot, np.ndarray] = {}
            for (place, generator), group in mine.groupby(["place", "generator"], sort=False):
                told = group[columns].to_numpy(float)
                told = told[:, ~np.isnan(told).any(axis=0)]
                if told.size:
                    values[Spot(stage_of(str(generator)), str(task), str(place))] = told
            spread = luck(values.values())
            found.setdefault(figure, {}).update(
                (spot, Judged(told if spread else told.mean(axis=1, keepdims=True), spread))
                for spot, told in values.items()
            )
    return found


def stage_of(generator: str) -> str:
    """Return a generator without the epochs that every one of its name has: `BAGAN` for `BAGAN(epochs=40)`."""
    return re.sub(r"epochs=\d+(, )?", "", generator).replace("()", "")


def comparisons(spots: Iterable[Spot], task: str) -> int:
    """Return how many pairs of translators of a task stand in one column."""
    columns = Counter(spot.place for spot in spots if spot.task == task)
    return sum(n * (n - 1) // 2 for n in columns.values())


def level(spots: Iterable[Spot], task: str) -> float:
    """Return the level at which all comparisons of a task hold together with `LEVEL` (Šidák)."""
    return float(LEVEL ** (1 / max(comparisons(spots, task), 1)))


def alike(rows: pd.DataFrame, given: Mapping[Spot, Judged]) -> set[Spot]:
    """Return the translators, the best of a column among them, whose mean cannot be told from the best of it."""
    marks: set[Spot] = set()
    for (task, place), column in rows.groupby(["task", "place"], sort=False):
        groups = column.groupby("generator", sort=False)
        whole = [str(name) for name, group in groups if group["status"].isin(COUNTED).all()]
        spots = [Spot(name, str(task), str(place)) for name in whole]
        found = sorted((spot for spot in spots if spot in given), key=lambda spot: -given[spot].shares.mean())
        for spot in found[1:]:
            if _untold(difference(given[found[0]], given[spot]), level(given, str(task))):
                marks |= {found[0], spot}
    return marks


def _untold(found: Varying, at: float) -> bool:
    """Return whether two means differ no more than chance lets them; always so where nothing is known of it."""
    half_width = found.half_width(at)
    return half_width is None or abs(found.value) <= half_width
