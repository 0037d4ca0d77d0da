"""Noise: where a figure's variance comes from, the smallest difference it lets us see, and what less would take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.statistics.outcomes import Outcomes

POWER = 0.8
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Noise:
    """What a difference between the means of two methods has to contend with.

    Attributes
    ----------
    training
        Variance of the difference of two single runs over seeds: a mean over n seeds has an n-th of it.
    images
        Variance from the draw of the test images, which no number of seeds reduces.
    critical
        How many standard errors a difference must exceed to be marked in a table.
    """

    training: float
    images: float
    critical: float

    def error(self, seeds: int) -> float:
        """Return the standard error of the difference of two means over so many seeds."""
        return math.sqrt(self.training / seeds + self.images)

    def smallest_difference(self, seeds: int, power: float = POWER) -> float:
        """Return the true difference that is marked with that chance: (critical + z) standard errors.

        It supposes that the worse method scatters no more than the others; `benchmarks/false_alarms.py` shows what
        becomes of the chance where it does.
        """
        return self._multiple(power) * self.error(seeds)

    def seeds_needed(self, gap: float, power: float = POWER) -> int | None:
        """Return how many seeds mark a true difference `gap` with that chance; None if this test set is too small.

        The critical value is held, though more seeds would lower it a little, and fewer would raise it by much.
        """
        spare = (gap / self._multiple(power)) ** 2 - self.images
        if spare <= 0 or self.training > spare * MOST_SEEDS:
            return None
        return max(2, math.ceil(self.training / spare * (1 - 1e-12)))

    def _multiple(self, power: float) -> float:
        return self.critical + float(stats.norm.ppf(power))


@dataclass(frozen=True)
class Component:
    """Variance of one run's figure when one source varies and all others are held, with its 95 % interval."""

    source: str
    variance: float
    low: float
    high: float
    freedom: int

    @property
    def sd(self) -> float:
        """Standard deviation, in the figure's own unit."""
        return math.sqrt(self.variance)


def components(repeats: Mapping[str, np.ndarray], level: float = 0.95) -> tuple[Component, ...]:
    """Return the variance by source, largest first.

    Parameters
    ----------
    repeats
        For each source (`initialisation`, `order`, ..., or all at once) the figures float (P, n) of n runs in which it
        alone varies, at each of P places (a place is a method at a minority count). Variances are pooled over places.
    level
        Of the intervals, which are those of the chi-square distribution.

    Raises
    ------
    ValueError
        A source has fewer than two runs a place.
    """
    return tuple(sorted((_component(*item, level) for item in repeats.items()), key=lambda it: -it.variance))


def image_variance(outcomes: Outcomes) -> np.ndarray:
    """Return the variance of one run's figures from the draw of the test images, mean over runs, float64 (G,)."""
    runs = outcomes.runs()
    total = np.zeros(len(runs.metrics))
    for k in np.unique(runs.labels):
        mine = runs.influences[..., runs.labels == k]
        if mine.shape[-1] > 1:
            total += mine.shape[-1] * mine.var(axis=-1, ddof=1).mean(axis=(1, 2))
    return total


def _component(source: str, figures: np.ndarray, level: float) -> Component:
    places, runs = figures.shape
    if runs < 2:
        raise ValueError(f"{source}: {runs} run a place shows no variance")
    freedom, variance = places * (runs - 1), float(figures.var(axis=1, ddof=1).mean())
    upper, lower = stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], freedom)
    return Component(source, variance, freedom * variance / upper, freedom * variance / lower, freedom)
