"""Cutting: where to draw the line between two classes, and what scores look like once it is drawn there."""

from __future__ import annotations

import numpy as np


def best_cut(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the threshold above which images are called positive, so that the mean of the two recalls is largest.

    It lies halfway between two neighbouring scores; of equally good ones it is the middle one, which no single image
    decides.

    Parameters
    ----------
    positive : bool (N,)
    scores : float (N,)
        Probabilities of the positive class.

    Raises
    ------
    ValueError
        One of the two sides has no image.
    """
    positive, scores = np.asarray(positive, bool), np.asarray(scores, np.float64)
    if positive.all() or not positive.any():
        raise ValueError("a threshold needs images of both classes")
    values = np.unique(scores)
    edges = np.r_[values[0] / 2, (values[:-1] + values[1:]) / 2, (values[-1] + 1) / 2]
    found = np.searchsorted(np.sort(scores[positive]), edges) / positive.sum()  # lie below the edge
    kept = np.searchsorted(np.sort(scores[~positive]), edges) / (~positive).sum()
    quality = np.round(1 - found + kept, 12)
    best = edges[quality == quality.max()]
    return float(best[(len(best) - 1) // 2])


def recut(scores: np.ndarray, cut: float) -> np.ndarray:
    """Return probabilities (N,) in the same order that lie above 0.5 where `scores` lie above the cut."""
    scores = np.asarray(scores, np.float64)
    odds = scores * (1 - cut)
    moved: np.ndarray = odds / np.maximum(odds + (1 - scores) * cut, np.finfo(np.float64).tiny)
    return moved
