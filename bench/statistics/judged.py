"""Judged: mean shares of translators that the same judges looked at, and how far two of them lie apart.

Judges and translators cross, so what a judge does to every translator cancels in a difference. What is left varies
over judges and over translators. Both variances are added, which counts what one judge makes of one translator twice,
and the sum has the freedom of the part that has least: both err towards doubt. One translator says nothing of its own
luck: others that were trained in the same way, for as long, tell it, or nothing does, and then no interval is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics.intervals import students


@dataclass(frozen=True)
class Variance:
    """A variance with its degrees of freedom."""

    variance: float
    freedom: int

    def half_width(self, level: float) -> float:
        """Return half the width of the interval around a mean that has this variance alone."""
        return float(students(level, self.freedom) * self.variance**0.5)


@dataclass(frozen=True)
class Judged:
    """What judges gave translators that were trained in one way.

    Attributes
    ----------
    shares : float64 (translators, judges)
        Column j is of the same judge wherever two are compared.
    luck
        Variance between translators that differ in their random stream alone; None where the translator is taken as it
        is, or where nobody knows it.
    unknown
        Whether nobody knows it, so that no difference from these has an interval.
    """

    shares: np.ndarray
    luck: Variance | None = None
    unknown: bool = False

    @property
    def by_translators(self) -> Variance | None:
        """The variance that luck gives their mean."""
        return self.luck and Variance(self.luck.variance / len(self.shares), self.luck.freedom)


@dataclass(frozen=True)
class Varying:
    """A mean or a difference of means, and the variances it has; None for what nothing is known of.

    `whole` is False where a translator's luck is part of it and is not known.
    """

    value: float
    judges: Variance | None
    translators: Variance | None
    whole: bool = True

    def half_width(self, level: float) -> float | None:
        """Return half the width of its interval, None if something of its noise is not known."""
        parts = [part for part in (self.judges, self.translators) if part]
        return _total(parts).half_width(level) if parts and self.whole else None


def luck(groups: Iterable[np.ndarray]) -> Variance | None:
    """Return the variance between translators, pooled over groups (translators, judges); None if none has several."""
    means = [shares.mean(axis=1) for shares in groups if len(shares) > 1]
    if not means:
        return None
    freedom = sum(len(values) - 1 for values in means)
    return Variance(float(sum(((values - values.mean()) ** 2).sum() for values in means)) / freedom, freedom)


def mean(group: Judged) -> Varying:
    """Return the mean share of a group."""
    by_judge = group.shares.mean(axis=0)
    return Varying(float(by_judge.mean()), _of_mean(by_judge), group.by_translators, not group.unknown)


def difference(a: Judged, b: Judged) -> Varying:
    """Return the mean share of `a` less that of `b`, before the same judges."""
    by_judge = a.shares.mean(axis=0) - b.shares.mean(axis=0)
    known = [part for part in (a.by_translators, b.by_translators) if part]
    whole = not (a.unknown or b.unknown)
    return Varying(float(by_judge.mean()), _of_mean(by_judge), _total(known) if known else None, whole)


def _of_mean(values: np.ndarray) -> Variance | None:
    """Return the variance of the mean of values (n,), None for a single one."""
    n = len(values)
    return Variance(float(values.var(ddof=1)) / n, n - 1) if n > 1 else None


def _total(parts: Sequence[Variance]) -> Variance:
    """Return the sum of independent parts, with the least freedom of them."""
    return Variance(sum(part.variance for part in parts), min(part.freedom for part in parts))
