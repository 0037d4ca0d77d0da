"""Figures of every class by itself: recall, precision and F1 over seeds, with intervals that stay between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.statistics.bootstrap import BLOCK, drawn_weights
from bench.statistics.confusion import confusion_matrices, ratio
from bench.statistics.outcomes import Outcomes

DRAWS = 1_000
FIGURES = ("recall", "precision", "f1")


@dataclass(frozen=True)
class ByClass:
    """Means over seeds of M methods' figures of K classes, each float64 (M, K), and the ends of their intervals.

    The ends are NaN where one seed alone was run, or nothing was counted.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def by_class(outcomes: Outcomes, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> dict[str, ByClass]:
    """Return recall, precision and F1 of every class with intervals that hold for other seeds and test images alike.

    Each figure is a share of something counted: of the class's test images, of the decisions for it, or (F1) of the
    mean of both. The interval is Wilson's (1927, doi:10.1080/01621459.1927.10502953) for that many images, or for fewer
    where the bootstrap over seeds and images spreads wider, with the t quantile that the seeds' part of the variance
    asks for.

    Parameters
    ----------
    outcomes
        Complete rows.
    """
    confusion = confusion_matrices(outcomes.labels, outcomes.decisions, outcomes.n_classes).astype(np.float64)
    values, seeds = figures(confusion), confusion.shape[1]
    spread = _variance(outcomes, draws, seed) if seeds > 1 else np.zeros_like(values[:, 0])
    counted = np.stack([_rows(confusion), _columns(confusion), (_rows(confusion) + _columns(confusion)) / 2], axis=2)
    found = {}
    for k, name in enumerate(FIGURES):
        mean, n = values[:, :, k].mean(axis=1), counted[:, :, k].mean(axis=1)
        low, high = (np.full(mean.shape, np.nan) for _ in range(2))
        if seeds > 1:
            by_seeds = values[:, :, k].var(axis=1, ddof=1) / seeds
            low, high = _wilson(mean, n, spread[:, k], by_seeds, seeds, level)
        found[name] = ByClass(mean, low, high)
    return found


def figures(confusion: np.ndarray) -> np.ndarray:
    """Return recall, precision and F1 (..., 3, K) of confusion matrices (..., K, K); 0 where undefined."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    rows, columns = _rows(confusion), _columns(confusion)
    return np.stack([ratio(hits, rows), ratio(hits, columns), ratio(2 * hits, rows + columns)], axis=-2)


def _wilson(
    mean: np.ndarray, n: np.ndarray, spread: np.ndarray, by_seeds: np.ndarray, seeds: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    # A share of 0 or 1 would seem to have no variance; two more of each kind give it one (Agresti & Coull 1998).
    inside = (mean * n + 2) / (n + 4)
    worth = np.where(spread > 0, np.minimum(n, inside * (1 - inside) / np.where(spread > 0, spread, 1)), n)
    share = np.where(by_seeds > 0, np.maximum(spread, by_seeds) / np.where(by_seeds > 0, by_seeds, 1), np.inf)
    z = stats.t.ppf((1 + level) / 2, np.minimum((seeds - 1) * share**2, 1e9))
    there = worth > 0
    worth = np.where(there, worth, 1)
    middle = (mean + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * np.sqrt(mean * (1 - mean) / worth + z**2 / (4 * worth**2))
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return np.where(there, low, np.nan), np.where(there, high, np.nan)


def _variance(outcomes: Outcomes, draws: int, seed: int) -> np.ndarray:
    """Return the variance (M, 3, K) of means over seeds when seeds and images are drawn anew."""
    rng, classes = np.random.default_rng(seed), outcomes.n_classes
    decided = np.eye(classes)[outcomes.decisions]
    means = []
    for start in range(0, draws, BLOCK):
        size = min(BLOCK, draws - start)
        confusion = np.zeros((size, *outcomes.decisions.shape[:2], classes, classes))
        for k in range(classes):
            mine = decided[:, :, outcomes.labels == k]
            if mine.shape[2]:
                weights = drawn_weights(mine.shape[2], size, rng)
                confusion[..., k, :] = np.einsum("bi,msik->bmsk", weights, mine, optimize=True)
        weights = drawn_weights(outcomes.seeds, size, rng) / outcomes.seeds
        means.append(np.einsum("bs,bmsfk->bmfk", weights, figures(confusion)))
    variance: np.ndarray = np.concatenate(means).var(axis=0, ddof=1)
    return variance


def _rows(confusion: np.ndarray) -> np.ndarray:
    total: np.ndarray = confusion.sum(axis=-1)
    return total


def _columns(confusion: np.ndarray) -> np.ndarray:
    total: np.ndarray = confusion.sum(axis=-2)
    return total
