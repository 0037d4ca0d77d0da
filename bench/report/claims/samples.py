"""Samples: intervals for means of plain repeated values, and for differences of two such means."""

from __future__ import annotations

import numpy as np
from scipy import stats

from bench.report.claims.evidence import Estimate
from bench.statistics.intervals import t_interval


def mean_of_sample(values: np.ndarray, level: float) -> Estimate:
    """Return the mean of values (n,) with Student's interval."""
    found = t_interval(values, level)
    return Estimate(found.mean) if found.half_width is None else _around(found.mean, found.half_width)


def difference_of_samples(a: np.ndarray, b: np.ndarray, level: float) -> Estimate:
    """Return the mean of `a` less that of `b`, independent values (n,) and (m,), with Welch's interval."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    value = float(a.mean() - b.mean())
    if min(len(a), len(b)) < 2:
        return Estimate(value)
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    if not parts.any():
        return _around(value, 0.0)
    freedom = parts.sum() ** 2 / (parts**2 / [len(a) - 1, len(b) - 1]).sum()
    return _around(value, float(stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(parts.sum())))


def _around(value: float, half_width: float) -> Estimate:
    return Estimate(value, value - half_width, value + half_width)
