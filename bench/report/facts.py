"""Facts: the sentences of the summary, made of comparisons and never written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bench.report.html.figure import Figure, Statistic, printed
from bench.report.html.page import Fact
from bench.statistics.best import Comparison, Family

HEADLINE, PLAIN = "f1_minority", "Vanilla"


def facts(families: Mapping[str, Family], frame: pd.DataFrame, shown: Mapping[str, str]) -> Iterator[Fact]:
    """Give a sentence for each column of each dataset, in the minority class's F1.

    Parameters
    ----------
    families
        Comparisons by task.
    frame
        Rows of `bench.analysis.frame`, translator 0.
    shown
        What tasks are called in print.
    """
    for task, family in families.items():
        mine = [found for found in family.comparisons if found.metric == HEADLINE]
        for found in sorted(mine, key=lambda it: int(it.column)):
            rows = frame[frame["task"] == task]
            place = f"{shown[task]}, {rows['majority_count'].iloc[0]}:{found.column}"
            sentence = _sentence(found, task, place, str(rows["minority"].iloc[0]))
            column = rows[rows["minority_count"] == int(found.column)]
            yield Fact(tuple(sentence), (*_detail(found, task), *_not_compared(found, column)))


def _sentence(found: Comparison, task: str, place: str, minority: str) -> Iterator[str | Figure]:
    """Name the best, and what it beats, or by how much it is above Vanilla though none is told from it."""
    best = found.methods[found.best]
    yield f"{place}: {best} has the highest mean F1 of {minority}, "
    yield _figure("mean", float(found.figures[found.best].mean()), found, task, best)
    losers = [name for name, worse in zip(found.methods, found.worse, strict=True) if worse]
    beaten = PLAIN if PLAIN in losers or not losers else losers[0]
    if beaten in found.methods and beaten != best:
        at = found.methods.index(beaten)
        yield f". It {'beats' if losers else 'is above'} {beaten} by "
        yield _figure("difference", float(found.differences[found.best, at]), found, task, best, beaten)
        margin = float(found.half_widths[found.best, at])
        if margin < 1:  # of two seeds it may be any number
            yield " \N{PLUS-MINUS SIGN} "
            yield _figure("margin", margin, found, task, best, beaten)
        wins = int((found.figures[found.best] > found.figures[at]).sum())
        yield ", in "
        yield Figure("wins", str(wins), wins, task, int(found.column), best, found.metric, beaten)
        yield f" of {found.figures.shape[1]} seeds"
    others = f"any of the other {len(found.methods) - 1} methods" if len(found.methods) > 2 else "the other method"
    yield "." if losers else f"; but it is not clearly better than {others}."


def _detail(found: Comparison, task: str) -> Iterator[str | Figure]:
    losers = [name for name, worse in zip(found.methods, found.worse, strict=True) if worse]
    if losers:
        others = [name for name in found.indistinguishable() if name != found.methods[found.best]]
        yield f"Not distinguishable from it: {', '.join(others)}. " if others else ""
        yield f"Worse: {', '.join(losers)}. "
    floor = found.noise.smallest_difference(found.figures.shape[1])
    if floor >= 1:
        yield f"{found.figures.shape[1]} seeds cannot show any difference between such methods."
        return
    yield "A true difference of "
    yield Figure("floor", printed(floor), floor, task, int(found.column), metric=found.metric)
    yield " would be found in four of five such experiments."


def _not_compared(found: Comparison, column: pd.DataFrame) -> Iterator[str]:
    """Name the methods that a column of tables shows but that lack a run, with how many they have."""
    lacking = []
    for method, cells in column.groupby("method", sort=False):
        n = int(cells["status"].isin(["done", "stale"]).sum())
        if n and str(method) not in found.methods:
            lacking.append(f"{method} ({n} of {len(cells)} seeds)")
    if lacking:
        yield f" Not compared, for want of runs: {', '.join(lacking)}."


def _figure(statistic: Statistic, value: float, found: Comparison, task: str, method: str, against: str = "") -> Figure:
    return Figure(statistic, printed(value), value, task, int(found.column), method, found.metric, against)
