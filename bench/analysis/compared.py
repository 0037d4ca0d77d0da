"""Compared: the translators of Table 2 by the names of its rows, and which of them chance may have set apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from bench.analysis.samples import DONE, seed_columns
from bench.statistics.best import LEVEL
from bench.statistics.judged import Judged, Varying, difference, luck

Spot = tuple[str, int, str]  # task, minority count, translator
TRANSLATOR, JOINT = "CycleGAN", "ALT"  # as the paper calls its rows
EQUAL = f"{TRANSLATOR}, equal GAN epochs"
START = f"{TRANSLATOR}, where {JOINT} starts"
POOLED = "accuracy"


def as_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the measurements that Table 2 compares, of the first stream, with `generator` as its rows are called.

    `CycleGAN` is the one trained longest, as the paper compares it. Where there is ALT, the one that ALT's translators
    went on from and the one with as many epochs as these stand beside it.
    """
    first = rows[rows["translator"] == 0]
    stages, joint = first[first["seed"].isna()], first[first["generator"] == JOINT]
    named = [joint]
    for task, group in stages.groupby("task", sort=False):
        start, trained = group["epochs"].min(), joint.loc[joint["task"] == task, "epochs"].max()
        names = {} if pd.isna(trained) else {trained: EQUAL} | ({start: START} if start < trained else {})
        names[group["epochs"].max()] = TRANSLATOR
        named += [group[group["epochs"] == epochs].assign(generator=name) for epochs, name in names.items()]
    return pd.concat(named)


def judged(rows: pd.DataFrame, figure: str) -> dict[Spot, Judged]:
    """Return what evaluators gave the translators of `as_compared`, those with a share of every evaluator.

    Each is given the luck that its column shows; the start is taken as it is, for all of ALT's went on from this one.
    """
    columns = seed_columns(rows, figure)
    shares: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for spot, group in rows[rows["status"].isin(DONE)].groupby(["task", "minority_count", "generator"], sort=False):
        task, count, generator = map(str, spot)
        values = group[columns].to_numpy(float)
        values = values[:, ~np.isnan(values).any(axis=0)]
        if values.size:
            shares.setdefault((task, int(count)), {})[generator] = values
    return {
        (task, count, generator): Judged(values, None if generator == START else luck(column.values()))
        for (task, count), column in shares.items()
        for generator, values in column.items()
    }


def judged_translators(measured: pd.DataFrame) -> dict[Spot, Judged]:
    """Return what Table 2 compares, both directions pooled; nothing where nothing was measured."""
    return {} if measured.empty else judged(as_compared(measured), POOLED)


def comparisons(spots: Iterable[Spot], task: str) -> int:
    """Return how many pairs of translators of a task stand in one column."""
    columns = Counter(count for name, count, _ in spots if name == task)
    return sum(n * (n - 1) // 2 for n in columns.values())


def level(spots: Iterable[Spot], task: str) -> float:
    """Return the level at which all comparisons of a task hold together with `LEVEL` (Šidák)."""
    return float(LEVEL ** (1 / max(comparisons(spots, task), 1)))


def alike(rows: pd.DataFrame, given: Mapping[Spot, Judged]) -> set[Spot]:
    """Return the translators, the best of a column among them, whose mean cannot be told from the best of it."""
    marks: set[Spot] = set()
    for (task, count), column in rows.groupby(["task", "minority_count"], sort=False):
        groups = column.groupby("generator", sort=False)
        whole = [str(name) for name, group in groups if group["status"].isin(DONE).all()]
        spots = [(str(task), int(str(count)), name) for name in whole]
        found = sorted((spot for spot in spots if spot in given), key=lambda spot: -given[spot].shares.mean())
        for spot in found[1:]:
            if _untold(difference(given[found[0]], given[spot]), level(given, str(task))):
                marks |= {found[0], spot}
    return marks


def _untold(found: Varying, at: float) -> bool:
    """Return whether two means differ no more than chance lets them; always so where nothing is known of it."""
    half_width = found.half_width(at)
    return half_width is None or abs(found.value) <= half_width
