"""Samples: intervals for mean shares that judges gave translators, and for differences of two such means."""

from __future__ import annotations

import numpy as np

from bench.report.claims.evidence import Estimate
from bench.statistics import judged
from bench.statistics.intervals import t_interval


def mean_of_judged(shares: np.ndarray, level: float) -> Estimate:
    """Return the mean of shares (translators, judges) with Student's interval over translators; of one, over judges."""
    found = t_interval(shares.mean(axis=1) if len(shares) > 1 else shares[0], level)
    return _around(found.mean, found.half_width)


def difference_of_judged(a: np.ndarray, b: np.ndarray, level: float) -> Estimate:
    """Return the mean of `a` less that of `b`, see `bench.statistics.judged`."""
    found = judged.difference(a, b)
    return _around(found.value, found.half_width(level))


def _around(value: float, half_width: float | None) -> Estimate:
    return Estimate(value) if half_width is None else Estimate(value, value - half_width, value + half_width)
