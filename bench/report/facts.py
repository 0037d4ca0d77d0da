"""Facts: the sentences of the summary, made of comparisons and never written by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bench.analysis.baseline import plain
from bench.analysis.metrics import METRICS
from bench.analysis.states import COUNTED
from bench.analysis.value import printed
from bench.report.figure import Figure, Statistic
from bench.report.report import Fact
from bench.report.subject import Subject
from bench.statistics.best import Comparison


def facts(subject: Subject) -> Iterator[Fact]:
    """Give a sentence for each place of a dataset: in the minority's F1 for two classes, else in the ACSA."""
    for place in subject.outcomes:
        if found := subject.family.of(place, subject.headline):
            column = subject.frame[subject.frame["place"] == place]
            sentence = _sentence(found, subject, column)
            yield Fact(tuple(sentence), (*_detail(found, subject), *_not_compared(found, column)))


def _sentence(found: Comparison, subject: Subject, column: pd.DataFrame) -> Iterator[str | Figure]:
    """Name the best, and what it beats, or by how much it is above the baseline though none is told from it."""
    best, base = found.methods[found.best], plain()
    first = column.iloc[0]
    counts = f"{first['majority_count']}:{first['minority_count']}" if subject.part.by_count else found.column
    what = f"F1 of {first['minority']}" if subject.of_two else METRICS[found.metric].title.split(",")[0]
    yield f"{subject.shown}, {counts}: {best} has the highest mean {what}, "
    yield _figure("mean", float(found.figures[found.best].mean()), found, subject, best)
    losers = [name for name, worse in zip(found.methods, found.worse, strict=True) if worse]
    beaten = base if base in losers or not losers else losers[0]
    if beaten in found.methods and beaten != best:
        at = found.methods.index(beaten)
        yield f". It {'beats' if losers else 'is above'} {beaten} by "
        yield _figure("difference", float(found.differences[found.best, at]), found, subject, best, beaten)
        margin = float(found.half_widths[found.best, at])
        if margin < 1:  # of two seeds it may be any number
            yield " \N{PLUS-MINUS SIGN} "
            yield _figure("margin", margin, found, subject, best, beaten)
        wins = int((found.figures[found.best] > found.figures[at]).sum())
        yield ", in "
        yield _figure("wins", wins, found, subject, best, beaten, str(wins))
        yield f" of {found.figures.shape[1]} seeds"
    others = f"any of the other {len(found.methods) - 1} methods" if len(found.methods) > 2 else "the other method"
    yield "." if losers else f"; but it is not clearly better than {others}."


def _detail(found: Comparison, subject: Subject) -> Iterator[str | Figure]:
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
    yield _figure("floor", floor, found, subject)
    yield " would be found in four of five such experiments."


def _not_compared(found: Comparison, column: pd.DataFrame) -> Iterator[str]:
    """Name the methods that a column of tables shows but that lack a run, with how many they have."""
    lacking = []
    for method, cells in column.groupby("method", sort=False):
        n = int(cells["status"].isin(COUNTED).sum())
        if n and str(method) not in found.methods:
            lacking.append(f"{method} ({n} of {len(cells)} seeds)")
    if lacking:
        yield f" Not compared, for want of runs: {', '.join(lacking)}."


def _figure(
    statistic: Statistic,
    value: float,
    found: Comparison,
    subject: Subject,
    method: str = "",
    against: str = "",
    text: str = "",
) -> Figure:
    named = [name for name in (method, against) if name]
    return Figure(
        statistic,
        text or printed(value),
        value,
        subject.task,
        found.column,
        method,
        found.metric,
        against,
        records=subject.ids(found.column, *named),
    )
