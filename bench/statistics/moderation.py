"""Moderation: variances over few seeds, moved towards what is typical of their place, and how unsure they stay."""

from __future__ import annotations

import numpy as np
from scipy import special

from bench.statistics.observed import Observed

FREEDOM = (2.0, 100.0)  # weight of the typical variance beside a cell's own, at least and at most


def moderated(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return each cell's variance over seeds, (draws, M, P), moved towards what all have; with `rng`, draws of it.

    How much they are moved follows from how far they scatter (Smyth 2004, doi:10.2202/1544-6115.1027).
    """
    freedom = observed.seeds - 1 if observed.freedom is None else observed.freedom
    freedom = np.where(np.isfinite(observed.variances), freedom, 0).astype(float)
    sample = np.where(freedom > 0, observed.variances, 0.0)
    total = freedom.sum()
    if not total:
        raise ValueError("no method has two seeds: nothing is known of the luck of a seed")
    common = float((freedom * sample).sum() / total)
    if common <= 0:
        return np.zeros((draws, *sample.shape))
    centre, prior = _typical_variance(np.maximum(sample, common / 1000), freedom)
    pooled = (prior * centre + freedom * sample) / (prior + freedom)
    if rng is None:
        return np.broadcast_to(pooled, (draws, *pooled.shape))
    drawn: np.ndarray = pooled * (prior + freedom) / rng.chisquare(prior + freedom, (draws, *pooled.shape))
    return drawn


def _typical_variance(sample: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the variance that is typical at each place, (P,), and the freedom that it is worth beside a cell's own.

    From mean and variance of the logarithms (Smyth, section 6.2), which few erratic methods hardly move: the more
    alike the cells scatter, the more it is worth.
    """
    there = freedom > 0
    half = np.where(there, freedom, 1.0) / 2
    logs = np.where(there, np.log(sample) - special.digamma(half) + np.log(half), np.nan)
    counts = there.sum(axis=0)
    overall = float(np.nanmean(logs))
    level = np.array([np.nanmean(column) if n > 2 else overall for column, n in zip(logs.T, counts, strict=True)])
    spare = int(np.maximum(counts - 1, 0)[counts > 2].sum()) or int(there.sum()) - 1
    if spare < 2:
        prior = 4.0
    else:
        excess = float(np.nansum((logs - level) ** 2)) / spare - float(special.polygamma(1, half[there]).mean())
        # The freedom d of which trigamma(d / 2) is the excess, by its series; none: the cells scatter alike.
        prior = (1 + np.sqrt(1 + 2 * excess)) / excess if excess > 0 else FREEDOM[1]
    prior = float(np.clip(prior, *FREEDOM))
    return np.exp(level + special.digamma(prior / 2) - np.log(prior / 2)), prior
