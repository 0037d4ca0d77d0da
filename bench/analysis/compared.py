"""Compared: translators by the names of a paper's rows, and which of them chance may have set apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.frame import COUNTED
from bench.analysis.measured import IMAGES
from bench.analysis.samples import seed_columns
from bench.analysis.spots import Place, Spot
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
    first = rows[rows["translator"] == 0]
    stages, joint = first[first["seed"].isna()], first[first["generator"] == rivals.joint]
    named = [joint]
    for task, group in stages.groupby("task", sort=False):
        start, trained = group["epochs"].min(), joint.loc[joint["task"] == task, "epochs"].max()
        names = {} if pd.isna(trained) else {trained: rivals.equal} | ({start: rivals.start} if start < trained else {})
        names[group["epochs"].max()] = rivals.alone
        named += [group[group["epochs"] == epochs].assign(generator=name) for epochs, name in names.items()]
    return pd.concat(named)


def judged(rows: pd.DataFrame, figure: str, rivals: Rivals) -> dict[Spot, Judged]:
    """Return what evaluators gave the translators of `as_compared`, those with a share of every evaluator.

    Each is given the luck that its column shows; the start is taken as it is, for all of the
    method's went on from this one.
    """
    columns = seed_columns(rows, figure)
    shares: dict[Place, dict[str, np.ndarray]] = {}
    for spot, group in rows[rows["status"].isin(COUNTED)].groupby(["task", "place", "generator"], sort=False):
        task, place, generator = map(str, spot)
        values = group[columns].to_numpy(float)
        values = values[:, ~np.isnan(values).any(axis=0)]
        if values.size:
            shares.setdefault((task, place), {})[generator] = values
    return {
        Spot(generator, *place): Judged(values, None if generator == rivals.start else luck(column.values()))
        for place, column in shares.items()
        for generator, values in column.items()
    }


def judged_translators(measured: pd.DataFrame, rivals: Rivals) -> dict[Spot, Judged]:
    """Return what a paper compares, both directions pooled; nothing where nothing was measured."""
    return {} if measured.empty else judged(as_compared(measured, rivals), POOLED, rivals)


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
