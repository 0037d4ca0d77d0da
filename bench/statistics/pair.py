"""Pair: two named rows of a column, one comparison at its own level, over seeds and test images."""

from __future__ import annotations

import numpy as np

from bench.statistics.intervals import students
from bench.statistics.outcomes import Runs
from bench.statistics.spread import centred


def difference_interval(runs: Runs, metric: str, level: float) -> tuple[float, float, float]:
    """Return the mean difference of the first of two rows from the second, and the ends of its interval.

    Seeds are paired: what a seed does to both rows alike cancels, and rows that scatter unequally need no common
    variance. With S seeds and the differences' variance s^2, the mean has s^2 / S by training and the chance of each
    run with each image, and beside it what the draw of the images brings that no seed changes. The freedom of Student's
    t is Satterthwaite's: S - 1 as far as the variance comes from the few seeds, unlimited for the many images' part.

    Parameters
    ----------
    runs
        Of the two rows, two seeds at least; else nothing is known and the interval is unbounded.

    Raises
    ------
    ValueError
        There are not two rows, or the metric is none of theirs.
    """
    if len(runs.methods) != 2:
        raise ValueError(f"a pair has two rows, not {len(runs.methods)}")
    g = runs.metrics.index(metric)
    by_seed = runs.figures[g, 0] - runs.figures[g, 1]
    value, seeds = float(by_seed.mean()), len(by_seed)
    if seeds < 2:
        return value, -np.inf, np.inf
    by_training = float(by_seed.var(ddof=1)) / seeds
    variance = by_training + _images(runs.influences[g, 0] - runs.influences[g, 1], runs.labels)
    freedom = (seeds - 1) * (variance / by_training) ** 2 if by_training else np.inf
    half_width = students(level, freedom) * variance**0.5
    return value, value - half_width, value + half_width


def _images(influences: np.ndarray, labels: np.ndarray) -> float:
    """Return the variance of a mean over seeds by the draw of images that the variance over seeds does not hold."""
    seeds, variance = len(influences), 0.0
    for k in np.unique(labels):
        mine = centred(influences[:, labels == k], -1)
        images = mine.shape[-1]
        if images > 1:
            chance = (centred(mine, 0) ** 2).sum() / (seeds - 1) / seeds
            variance += ((mine.mean(axis=0) ** 2).sum() - chance) * images / (images - 1)
    return max(float(variance), 0.0)
