"""Critical: how large the largest of a column's differences gets when all its methods are equal."""

from __future__ import annotations

import numpy as np

from bench.statistics.spread import Spread, centred, crossed, pooled, training_part, variances


def largest_of_equals(column: Spread, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return, sorted, a column's largest |difference| / standard error in each of so many draws of equal methods.

    Each draw makes the column anew with the spread that was found, all true means equal: means, and the variances over
    seeds that S seeds would have shown, pooled again. So the small number of seeds, methods of unequal steadiness, the
    choice of the best by the data and the likeness of the metrics are all in it. Its upper quantile is the critical
    value of all pairs of methods in all metrics at once: Tukey's studentized range, if there were one metric with one
    variance.

    Returns
    -------
    float64 (draws,)
        Zeros if nothing in the column varies.
    """
    metrics, methods = column.means.shape
    means, over_seeds = _seed_draws(column, draws, rng)
    root = _root(column.over_images.reshape(metrics * methods, -1))
    means = means + (root @ rng.standard_normal((len(root), draws))).reshape(means.shape)
    over_seeds, chance, images = over_seeds / column.seeds, column.chance / column.seeds, column.images_of_difference()
    largest = np.zeros(draws)
    for m in range(1, methods):
        either = (chance[:, m, None] + chance[:, :m])[..., None]
        variance = crossed(over_seeds[:, m, None] + over_seeds[:, :m], images[:, m, :m, None], either)
        squares = (means[:, m, None] - means[:, :m]) ** 2
        share = np.divide(squares, variance, out=np.zeros_like(squares), where=variance > 0)
        np.maximum(largest, share.max(axis=(0, 1)), out=largest)
    return np.sort(np.sqrt(largest))


def _seed_draws(column: Spread, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return means from the luck of training, and the variances over seeds that would be found, both (G, M, draws)."""
    (metrics, methods), seeds = column.means.shape, column.seeds
    true = column.over_seeds[..., None] * _doubt(column, draws, rng)
    normal = rng.standard_normal((metrics, methods * seeds * draws))
    runs = (_root(column.alike) @ normal).reshape(metrics, methods, seeds, draws)
    # One run gives the mean; the S - 1 others, which need no centring over seeds, give the variance.
    means = np.sqrt(training_part(true, column.chance[..., None], seeds)) * runs[:, :, 0]
    others = centred(runs[:, :, 1:] * np.sqrt(true)[:, :, None], 1)
    found = pooled(variances(np.moveaxis(others, -1, 1), seeds - 1), seeds - 1)
    return means, found.swapaxes(1, 2).copy()


def _doubt(column: Spread, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return true over found variance of each method, (M, draws): of few runs no variance is sure.

    Where methods disagree, each has a doubt of its own; where they agree, all share one, the smaller the more they are.
    """
    methods = column.means.shape[1]
    if np.isinf(column.freedom):
        shared = (methods - 1) * (column.seeds - 1)
        return np.broadcast_to(shared / rng.chisquare(shared, draws), (methods, draws))
    return column.freedom / rng.chisquare(column.freedom, (methods, draws))


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return R with R R^T = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: np.ndarray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
