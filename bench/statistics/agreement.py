"""Agreement: whether two experiments put the same methods in the same order, as far as either is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ENDS = (0.05, 0.95)  # of the interval
FEWEST = 3  # methods: two are in the same order or not


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau between two orders of true means: what is believed of it, and ends that hold it with 0.9.

    1: the same order; 0: one order says nothing of the other; -1: reversed. `positive` is the probability that they
    agree at all.
    """

    tau: float
    low: float
    high: float
    positive: float


def kendall(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Kendall's tau-b between the last axes of two arrays (..., M), float64 (...); NaN where all are tied.

    Kendall 1945, doi:10.1093/biomet/33.3.239.
    """
    above = np.triu_indices(first.shape[-1], 1)
    ours, theirs = (np.sign(it[..., above[0]] - it[..., above[1]]) for it in (first, second))
    together = (ours * theirs).sum(axis=-1)
    untied = np.sqrt((ours**2).sum(axis=-1) * (theirs**2).sum(axis=-1))
    return np.divide(together, untied, out=np.full(np.shape(together), np.nan), where=untied > 0)


def agreement(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> Agreement | None:
    """Compare two experiments by draws of the true means of the methods that they have in common.

    Parameters
    ----------
    first, second : float (D, M)
        Draws of either; method by method the same. Both may come from the same random numbers: one is shuffled.

    Returns
    -------
    Agreement or None
        None for fewer than three methods, or where no draw tells any two apart.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"draws of unequal shape: {first.shape} and {second.shape}")
    if first.shape[1] < FEWEST:
        return None
    found = kendall(first, second[rng.permutation(len(second))])
    found = found[np.isfinite(found)]
    if not len(found):
        return None
    low, high = np.quantile(found, ENDS)
    return Agreement(float(found.mean()), float(low), float(high), float((found > 0).mean()))
