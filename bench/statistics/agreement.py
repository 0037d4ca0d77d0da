"""Agreement: whether two experiments put the same methods in the same order, as far as either is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

ENDS = (0.05, 0.95)  # of the interval
RHO = np.linspace(-0.98, 0.98, 99)  # correlations that are held possible, one as likely as another
SHIFTS = 4  # times that the draws are paired, never one with its own number
FEWEST = 3  # methods: two are in the same order or not
EFFECTIVE = 200  # pairs at least, or half of all, that weights must leave: else a few chance ones are the answer


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
    found: np.ndarray = np.divide(together, untied, out=np.full(np.shape(together), np.nan), where=untied > 0)
    return found


def agreement(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> Agreement | None:
    """Compare two experiments by draws of the true means of the methods that they have in common.

    Either experiment alone knows nothing of the other, so that pairs of draws are less alike than the truths: pairs are
    weighed by how likely a common order of unknown strength makes them, as far as that leaves enough of them to count
    on. Where little is known, what is left of that leans to 0.

    Parameters
    ----------
    first, second : float (D, M)
        Draws of either; method by method the same. Both may come from the same random numbers: no draw meets the one
        of its own number.

    Returns
    -------
    Agreement or None
        None for fewer than three methods, or where no draw tells any two apart.

    Raises
    ------
    ValueError
        The draws do not fit together.
    """
    if first.shape != second.shape or first.ndim != 2 or len(first) < 2:
        raise ValueError(f"draws that make no pairs: {first.shape} and {second.shape}")
    if first.shape[1] < FEWEST:
        return None
    shifts = rng.choice(np.arange(1, len(first)), min(SHIFTS, len(first) - 1), replace=False)
    pairs = [_weighed(first, np.roll(second, shift, axis=0)) for shift in shifts]
    tau, logarithms = (np.concatenate(each) for each in zip(*pairs, strict=True))
    there = np.isfinite(tau)
    if not there.any():
        return None
    tau, weights = tau[there], _enough(logarithms[there])
    order = tau.argsort()
    low, high = tau[order][np.searchsorted(weights[order].cumsum(), ENDS)]
    return Agreement(float(weights @ tau), float(low), float(high), min(float(weights[tau > 0].sum()), 1.0))


def _enough(logarithms: np.ndarray) -> np.ndarray:
    """Return weights that sum to one, evened by a common power until enough pairs bear them."""
    wanted, low, high = min(EFFECTIVE, len(logarithms) / 2), 0.0, 1.0

    def raised(power: float) -> np.ndarray:
        weights = np.exp(power * (logarithms - logarithms.max()))
        found: np.ndarray = weights / weights.sum()
        return found

    if 1 / (raised(1.0) ** 2).sum() >= wanted:
        return raised(1.0)
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 / (raised(middle) ** 2).sum() >= wanted else (low, middle)
    return raised(low)


def _weighed(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return tau of each pair of draws, and the logarithm of its weight (D,).

    The weight is the likelihood of the pair's normal scores, under a correlation of which nothing is known, by that
    under none.
    """
    count = first.shape[1]
    scores = stats.norm.ppf((np.arange(count) + 0.5) / count)
    scores /= np.sqrt((scores**2).mean())
    ours, theirs = (scores[it.argsort(axis=1).argsort(axis=1)] for it in (first, second))
    alike = (ours * theirs).mean(axis=1, keepdims=True)
    evidence = -np.log(1 - RHO**2) / 2 - (RHO**2 - RHO * alike) / (1 - RHO**2)
    return kendall(first, second), special.logsumexp((count - 1) * evidence, axis=1)
