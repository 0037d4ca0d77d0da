"""Bootstrap: seeds and test images drawn anew together, for all methods alike, and any figure of a confusion matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.statistics.intervals import students
from bench.statistics.outcomes import Outcomes

DRAWS = 2_000
BLOCK = 250  # draws at a time: what they take of memory grows with the square of the number of classes


def resampled_means(
    outcomes: Outcomes, value: Callable[[np.ndarray], np.ndarray], draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """Return each method's mean over seeds in each draw, float64 (draws, M); rows are paired by draw.

    Of n seeds, and of the n images of each class, n - 1 are drawn with replacement: that many make the variance of a
    mean come out as s^2 / n instead of (n - 1) / n of it (Rao & Wu 1988, doi:10.2307/2288945), which for 5 seeds is a
    fifth. Where seeds and images cross, each run's luck with each image is counted up to three times (Owen 2007,
    doi:10.1214/07-AOAS122), so the spread errs on the wide side.

    Parameters
    ----------
    outcomes
        Complete rows that are `drawable`.
    value
        Figures (...) of confusion matrices (..., K, K) with fractional entries, as `Measure.value`.
    draws, seed
        The same ones give the same draws.

    Raises
    ------
    ValueError
        A row is not complete, or `drawable` is false.
    """
    rng = np.random.default_rng(seed)
    if not drawable(outcomes) or (outcomes.decisions < 0).any():
        raise ValueError("the bootstrap needs complete rows, and two seeds and two images a class to draw from")
    decided = np.eye(outcomes.n_classes)[outcomes.decisions]
    by_class = [decided[:, :, outcomes.labels == k] for k in range(outcomes.n_classes)]
    sizes = [min(BLOCK, draws - start) for start in range(0, draws, BLOCK)]
    return np.concatenate([_block(by_class, value, size, rng) for size in sizes])


def drawable(outcomes: Outcomes) -> bool:
    """Whether there are two seeds, and none or two images of each class, to draw from at least."""
    n_images = np.bincount(outcomes.labels, minlength=outcomes.n_classes)
    return outcomes.seeds > 1 and not bool((n_images == 1).any())


def interval(figures: np.ndarray, resampled: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of a mean over seeds that holds with other seeds and other test images alike.

    It is the mean +- t standard deviations of its draws. The freedom of t is Satterthwaite's: that of the few seeds as
    far as the variance comes from them, unlimited for the part that the many images bring.

    Parameters
    ----------
    figures : float (S,)
        A method's figure for each seed, or the difference of two methods' figures.
    resampled : float (draws,)
        The means that `resampled_means` found for it, or their difference.
    """
    mean, variance = float(figures.mean()), float(resampled.var(ddof=1))
    by_seeds = float(figures.var(ddof=1)) / len(figures)
    freedom = (len(figures) - 1) * max(variance / by_seeds, 1.0) ** 2 if by_seeds else np.inf
    half_width = students(level, freedom) * variance**0.5
    return mean - half_width, mean + half_width


def _block(
    by_class: list[np.ndarray], value: Callable[[np.ndarray], np.ndarray], draws: int, rng: np.random.Generator
) -> np.ndarray:
    methods, seeds, _, n_classes = by_class[0].shape
    confusion = np.zeros((draws, methods, seeds, n_classes, n_classes))
    for k, decided in enumerate(by_class):
        if decided.shape[2]:
            confusion[..., k, :] = np.einsum("bi,msik->bmsk", drawn_weights(decided.shape[2], draws, rng), decided)
    means: np.ndarray = np.einsum("bs,bms->bm", drawn_weights(seeds, draws, rng) / seeds, value(confusion))
    return means


def drawn_weights(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each of n is drawn when n - 1 are, scaled to sum to n, float64 (draws, n); one alone stays."""
    if n == 1:
        return np.ones((draws, 1))
    return rng.multinomial(n - 1, np.full(n, 1 / n), size=draws) * (n / (n - 1))
