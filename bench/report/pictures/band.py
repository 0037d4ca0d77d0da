"""A line with a band around it: what several seeds make of one curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from bench.analysis.value import ENOUGH

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Band:
    """Points of a line, float64 (P,) each. NaN where no seed has a value; `low` and `high` also where too few have."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not np.isfinite(self.mean).any()

    @property
    def alone(self) -> np.ndarray:
        """Which points have ends and no neighbour that has, bool (P,): between them and others there is no band."""
        there = np.pad(np.isfinite(self.low) & np.isfinite(self.high), 1)
        found: np.ndarray = there[1:-1] & ~there[:-2] & ~there[2:]
        return found

    @classmethod
    def interval(cls, x: np.ndarray, values: np.ndarray) -> Band:
        """Return the mean of shares in 0..1, (seeds, P) with NaN for a lacking one, and its 95 % t interval."""
        n, mean, deviations = _moments(values)
        variance = np.nansum(deviations**2, axis=0) / np.where(n >= ENOUGH, n - 1, np.nan)
        half = stdtrit(np.maximum(n - 1, 1), (1 + CONFIDENCE) / 2) * np.sqrt(variance / np.maximum(n, 1))
        return cls(np.asarray(x, float), mean, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1))

    @classmethod
    def extremes(cls, x: np.ndarray, values: np.ndarray) -> Band:
        """Return the mean of any values (seeds, P), NaN for a lacking one, from the lowest to the highest seed."""
        n, mean, deviations = _moments(values)
        several = np.where(n > 1, mean, np.nan)
        low = several + np.where(np.isnan(deviations), np.inf, deviations).min(axis=0, initial=0)
        high = several + np.where(np.isnan(deviations), -np.inf, deviations).max(axis=0, initial=0)
        return cls(np.asarray(x, float), mean, low, high)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.asarray(values, float)
    n = np.isfinite(values).sum(axis=0)
    mean = np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)
    return n, mean, values - mean
