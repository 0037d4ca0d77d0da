"""Levels: how large the luck is with a subset or a stage that all seeds of a mean share, from runs that vary it.

Such runs are few, and a variance of three means says little. Before they speak, luck is taken to be half as large as a
seed's, with the weight of one run; and `bench.statistics.posterior` draws it from as wide a distribution as that
leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics.observed import Luck
from bench.statistics.spread import centred

SMALLEST = 1 / 4  # of the variance of a luck where it was seen: what seeds scatter less elsewhere, it may not
SMALLER = 0.5  # the guess of its standard deviation, as a part of that of a seed
WEIGHT = 1.0  # degrees of freedom of that guess


@dataclass(frozen=True)
class Varied:
    """Means of one method on J draws of a source, each over some seeds, and the variance of a single seed.

    Attributes
    ----------
    means : float (J,)
    seeds : int (J,)
    variance
        Of a single run over seeds.
    """

    means: np.ndarray
    seeds: np.ndarray
    variance: float

    @property
    def within(self) -> float:
        """The variance that seeds give these means, on average."""
        return float((self.variance / self.seeds).mean())


def lucks(methods: Sequence[Varied]) -> tuple[Luck | None, Luck | None]:
    """Return what all methods gain alike by their draw, and what each gains beyond that.

    All have the same draws, in the same order. Of a single method nothing is common.

    Raises
    ------
    ValueError
        There are fewer than two draws.
    """
    table = np.stack([it.means for it in methods])
    count, draws = table.shape
    if draws < 2:
        raise ValueError("of one draw nothing varies")
    seed, within = (float(np.mean([getattr(it, name) for it in methods])) for name in ("variance", "within"))
    if count < 2:
        return None, _luck(float(table.var(ddof=1)), draws - 1, seed, within)
    freedom = (count - 1) * (draws - 1)
    own = float((centred(centred(table, 0), 1) ** 2).sum()) / freedom
    common = float(table.mean(axis=0).var(ddof=1))
    return _luck(common, draws - 1, seed, own / count), _luck(own, freedom, seed, within)


def pooled_luck(methods: Sequence[Varied]) -> Luck:
    """Return the luck of methods whose draws are not the same, such as translators at several places.

    Raises
    ------
    ValueError
        No method has two draws.
    """
    freedom = sum(len(it.means) - 1 for it in methods)
    if not freedom:
        raise ValueError("of one draw nothing varies")
    squares = sum(float((centred(it.means, 0) ** 2).sum()) for it in methods)
    seed, within = (float(np.mean([getattr(it, name) for it in methods])) for name in ("variance", "within"))
    return _luck(squares / freedom, freedom, seed, within)


def _luck(total: float, freedom: int, seed: float, within: float) -> Luck:
    """Return the luck behind a variance between means, of which `within` is due to seeds."""
    guess = SMALLER**2 * seed + within
    return Luck((freedom * total + WEIGHT * guess) / (freedom + WEIGHT), freedom + WEIGHT, within)


def sizes(variances: np.ndarray, where: int) -> np.ndarray:
    """Return how large luck is at each place beside that at one, (P,): as seeds scatter there, but never larger."""
    typical = np.array([np.nanmedian(it) if np.isfinite(it).any() else np.nan for it in variances.T])
    ratio = typical / typical[where] if typical[where] > 0 else np.ones(len(typical))
    found: np.ndarray = np.sqrt(np.clip(np.where(np.isfinite(ratio), ratio, 1.0), SMALLEST, 1.0))
    return found


def covariance(influences: Sequence[np.ndarray], places: np.ndarray, unseen: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the covariance of N means over seeds from the draw of the test images, float64 (N, N).

    What the means of a place share of an image's influence is the luck of all of them alike, and the same for each. It
    is kept apart from what is a mean's own: a method that errs more has the larger variance, and taken as it is, the
    covariance would explain its low figures by a hard test set, and lift all others above what they were ever seen to
    reach (Peelle's pertinent puzzle). A run's luck with each image is in the variance over seeds already, and is taken
    out.

    Parameters
    ----------
    influences
        N arrays (S, U): what each of U images, or groups of images, moves each run's figure by, such that the sum of
        the products of two runs is the covariance of their figures.
    places : int (N,)
        Where each mean is of.
    unseen : float (N,)
        Variance that so few images do not show; the mean of a place is taken to be luck of all of its means alike.
    """
    means = np.stack([it.mean(axis=0) for it in influences])
    chance = np.array([_chance(runs) for runs in influences])
    same = (places[:, None] == places).astype(float)
    average = same / same.sum(axis=1, keepdims=True)
    rest = np.eye(len(places)) - average
    own = rest @ (means @ means.T - np.diag(chance)) @ rest.T
    more = np.sqrt(average @ np.broadcast_to(unseen, len(places)))
    whole: np.ndarray = _nearest(own) + average @ (means @ means.T - np.diag(chance)) @ average.T + np.outer(more, more)
    return whole


def _chance(runs: np.ndarray) -> float:
    """Return the part of a mean's variance over images, of runs (S, U), that is each run's own luck with each image."""
    n = len(runs)
    return float((centred(runs, 0) ** 2).sum() / (n - 1) / n) if n > 1 else 0.0


def _nearest(estimate: np.ndarray) -> np.ndarray:
    """Return a covariance near an estimate that need not be one, as large in all: its positive part, made smaller.

    The positive part alone would be larger, and what is no luck of the images would pass for it.
    """
    values, vectors = np.linalg.eigh(estimate)
    positive = np.maximum(values, 0.0)
    positive *= max(values.sum(), 0.0) / (positive.sum() or 1.0)
    covariance: np.ndarray = (vectors * positive) @ vectors.T
    return covariance
