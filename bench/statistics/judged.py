"""Judged: how far the mean shares of two groups of translators lie apart when the same judges looked at all of them.

Judges and translators cross, so what a judge does to every translator cancels in a difference. What is left varies
over judges, and over the translators of a group that has several. Both variances are added, which counts what one judge
makes of one translator twice, and the sum has the freedom of the part that has least: both err towards doubt. The luck
of a group's only translator shows in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Part:
    """A variance of a mean, with its degrees of freedom."""

    variance: float
    freedom: int

    def half_width(self, level: float) -> float:
        """Return half the width of the interval around a mean that has this variance alone."""
        return float(stats.t.ppf((1 + level) / 2, self.freedom) * self.variance**0.5)


@dataclass(frozen=True)
class Difference:
    """The difference of two means, and what it varies over; None for what there is only one of."""

    value: float
    judges: Part | None
    translators: Part | None

    def half_width(self, level: float) -> float | None:
        """Return half the width of its interval, None if nothing is known of its noise."""
        parts = [part for part in (self.judges, self.translators) if part]
        return total(parts).half_width(level) if parts else None


def difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Return the mean of `a` less that of `b`, each of shares (translators, judges); column j is the same judge."""
    both = (np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    by_judge = both[0].mean(axis=0) - both[1].mean(axis=0)
    several = [part for values in both if (part := _over(values.mean(axis=1)))]
    return Difference(float(by_judge.mean()), _over(by_judge), total(several) if several else None)


def total(parts: Sequence[Part]) -> Part:
    """Return the sum of independent parts, with the least freedom of them."""
    return Part(sum(part.variance for part in parts), min(part.freedom for part in parts))


def _over(values: np.ndarray) -> Part | None:
    """Return the variance of the mean of values (n,), None for a single one."""
    n = len(values)
    return Part(float(values.var(ddof=1)) / n, n - 1) if n > 1 else None
