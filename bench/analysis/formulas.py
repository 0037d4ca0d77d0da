"""Formulas behind the metrics: of a confusion matrix (K, K), of rankings, and of probabilities as they are said."""

from __future__ import annotations

import numpy as np

from bench.training.scores import ratio, recalls

BINS = 10  # of equal width, of a calibration error


def precisions(confusion: np.ndarray) -> np.ndarray:
    """Return the share of each class's predictions that were right, float64 (K,)."""
    return ratio(np.diag(confusion), confusion.sum(axis=0))


def f1_scores(confusion: np.ndarray) -> np.ndarray:
    """Return the harmonic mean of precision and recall of each class, float64 (K,)."""
    return ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def g_mean(confusion: np.ndarray) -> float:
    """Return the geometric mean of the recalls of the classes that have images; NaN without any."""
    present = recalls(confusion)[confusion.sum(axis=1) > 0]
    return float(present.prod() ** (1 / len(present))) if len(present) else float("nan")


def log_odds(probabilities: np.ndarray, label: int) -> np.ndarray:
    """Return logarithms of a class's odds, float64 (N,), of probabilities (N, K).

    They rank as the probabilities do, and tell apart what is so nearly sure that it is 1 in 32 bits: there the other
    classes' probabilities say it, rounded so that a sum's own rounding breaks no tie.
    """
    mine = probabilities[:, label].astype(np.float64)
    others = np.delete(probabilities, label, axis=1).sum(axis=1, dtype=np.float64).astype(np.float32)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mine) - np.log(np.where(mine > 0.5, others, 1 - mine)))


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the chance that a positive image scores higher than a negative one; a tie counts half.

    Parameters
    ----------
    positive : bool or 0/1 (N,)
    scores : float (N,)

    Returns
    -------
    float
        NaN if one of the two sides has no image.
    """
    positive = np.asarray(positive).astype(bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    _, group, sizes = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    mean_ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    wins = mean_ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the precision at every distinct threshold, weighted by the recall gained there (no interpolation).

    Parameters and the meaning of NaN are those of `roc_auc`, except that negatives may be lacking.
    """
    positive = np.asarray(positive).astype(bool)
    if not positive.any():
        return float("nan")
    _, group = np.unique(-np.asarray(scores), return_inverse=True)
    found = np.cumsum(np.bincount(group, weights=positive))
    precision = found / np.cumsum(np.bincount(group))
    return float((np.diff(found, prepend=0.0) * precision).sum() / positive.sum())


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Return how far the likeliest class's probability lies from how often it is right, mean over images.

    Images are sorted into bins of equal width by that probability: sum_b n_b / N |right - said| (Guo et al. 2017,
    arXiv:1706.04599); of equal probabilities the first class is the likeliest.

    Parameters
    ----------
    labels : int (N,)
    probabilities : float (N, K)

    Returns
    -------
    float
        NaN without images.
    """
    if not len(labels):
        return float("nan")
    said, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((said * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=right - said, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
