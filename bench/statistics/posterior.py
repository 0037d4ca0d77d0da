"""The posterior of every method's true mean: what is believed of it after few seeds, one subset and a finite test set.

Of method m at place p the mean over seeds is observed as

    mean = mu[m, p] + seed noise / sqrt(n) + luck of the test images + luck of the subset + luck of the stage

and mu[m, p] = (what all methods share at p) + delta[m, p]. A place informs its neighbours: delta of one method is a
Gaussian process over places. How far methods lie apart at each place, over how many places that reaches, and how large
the lucks are, is not known: many of each are drawn, and weighed together by how likely they make the figures. Variances
over seeds are drawn from their own posteriors, so that few seeds make wide tails. docs/decisions-under-noise.md says it
at length; `benchmarks/decisions.py` measures what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from bench.statistics.moderation import moderated
from bench.statistics.observed import Luck as Luck
from bench.statistics.observed import Observed as Observed

WIDE = 10.0  # standard deviation of what all methods share: nothing is known of it beforehand
REACHES = np.array([0.5, 2.0, 8.0])  # of the process, in units of log2 of the place's scale
# Before the figures speak, methods lie as far apart as runs over seeds. The logarithm of how far has these standard
# deviations: one that all places share, and one that each has alone.
COMMON, OWN = 0.8, 0.5
TRIED = 256  # spreads, reaches and lucks that are weighed
TOGETHER = 16  # draws of the means that share one draw of the variances, which cost the time


def posterior(observed: Observed, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the true means, float64 (draws, M, P); what was not run is drawn from its neighbours.

    Raises
    ------
    ValueError
        Nothing was observed.
    """
    methods, places = observed.means.shape
    first = np.flatnonzero(np.isfinite(observed.means))
    if not len(first):
        raise ValueError("no method was run at any place")
    level = float(np.nanmean(observed.means))
    seen = _seen(observed, first)
    values, cells = seen.means - level, seen.cells
    images = _evened(observed.images[np.ix_(seen.rows, seen.rows)], *np.divmod(cells, places))
    lucks = _shared(observed, seen)
    tried = _tried(observed, seen, images, lucks, rng)
    chosen = rng.choice(TRIED, -(-draws // TOGETHER), p=tried.weights(values, cells))
    groups, covers = len(chosen), tried.covers[chosen]
    own = moderated(observed, rng, groups).reshape(groups, -1)[:, cells] / seen.seeds
    true = _of_prior(covers, methods, rng)  # (groups, M * P, TOGETHER)
    noise = _root(images) @ rng.standard_normal((groups, len(values), TOGETHER))
    noise += np.sqrt(own)[..., None] * rng.standard_normal(noise.shape)
    shapes, diagonal = _priors(covers, np.arange(methods * places), cells), np.arange(len(values))
    total = shapes[:, cells] + images
    total[:, diagonal, diagonal] += own
    for (_, alike), sizes in zip(lucks, tried.lucks[:, chosen, None, None], strict=True):
        noise += np.sqrt(sizes) * (_root(alike) @ rng.standard_normal(noise.shape))
        total += sizes * alike
    # Each draw of the prior is moved by what its own made-up figures lack of the observed ones (Matheron's rule,
    # Wilson et al. 2020, arXiv 2002.09309): a draw of the posterior without a root of its covariance.
    moved = true + shapes @ np.linalg.solve(total, values[:, None] - true[:, cells] - noise)
    flat = moved.swapaxes(1, 2).reshape(groups * TOGETHER, methods, places)[:draws]
    out: np.ndarray = level + flat
    return out


@dataclass(frozen=True)
class _Seen:
    """The observed means (N,): the cell of each, m * P + p, its row in `images`, its runs, and what these rest on."""

    means: np.ndarray
    cells: np.ndarray
    rows: np.ndarray
    seeds: np.ndarray
    subset: np.ndarray
    stage: np.ndarray


def _seen(observed: Observed, first: np.ndarray) -> _Seen:
    means, seeds = observed.means.ravel()[first], observed.seeds.ravel()[first]
    zero = np.zeros(len(first), np.int64)
    if (more := observed.further) is None:
        return _Seen(means, first, first, seeds, zero, zero)
    cells = more.method * observed.means.shape[1] + more.place
    rows = np.concatenate([first, observed.means.size + np.arange(len(cells))])
    both = ((means, more.means), (first, cells), (seeds, more.seeds), (zero, more.subset), (zero, more.stage))
    means, cells, seeds, subset, stage = map(np.concatenate, both)
    return _Seen(means, cells, rows, seeds, subset, stage)


def _shared(observed: Observed, seen: _Seen) -> list[tuple[Luck, np.ndarray]]:
    """Return the lucks that runs share, each with its covariance between all means where its variance is 1, (N, N).

    A smaller subset is part of a larger one: a mean over n of N images has the correlation sqrt(n / N) with that over
    all of them, and so is the luck of a place taken to be tied to that of another.
    """
    method, place = np.divmod(seen.cells, observed.means.shape[1])
    nested = 2.0 ** (-_apart(observed.positions)[np.ix_(place, place)] / 2)
    sizes = np.ones(observed.means.shape[1]) if observed.sizes is None else observed.sizes
    nested *= np.outer(sizes[place], sizes[place])
    alike = nested * (seen.subset[:, None] == seen.subset)
    own = alike * (method[:, None] == method)
    staged = (seen.cells[:, None] == seen.cells) & (seen.stage[:, None] == seen.stage)  # a place has stages of its own
    staged = staged * sizes[place] ** 2
    found = [(observed.subset, own), (observed.common, alike)]
    found += [(luck, staged * np.outer(method == m, method == m)) for m, luck in observed.stage.items()]
    return [(luck, pattern) for luck, pattern in found if luck is not None]


@dataclass(frozen=True)
class _Tried:
    """What might be behind the figures.

    Attributes
    ----------
    covers : float (C, P, P)
        Covariance of one method's delta over places.
    lucks : float (L, C)
        Variance of each luck.
    noise : float (C, N, N)
        Covariance of the observed means around the true ones.
    odds : float (C,)
        Logarithm of how much more each is believed, before the figures speak, than it is tried.
    """

    covers: np.ndarray
    lucks: np.ndarray
    noise: np.ndarray
    odds: np.ndarray

    def weights(self, values: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Return the share of belief in each, (C,), by the likelihood of values (N,)."""
        roots = np.linalg.cholesky(_priors(self.covers, cells, cells) + self.noise)
        determinants = 2 * np.log(np.einsum("cnn->cn", roots)).sum(axis=1)
        white = np.stack([solve_triangular(root, values, lower=True) for root in roots])
        logs = self.odds - 0.5 * (determinants + (white**2).sum(axis=1))
        belief = np.exp(logs - logs.max())
        share: np.ndarray = belief / belief.sum()
        return share


def _tried(
    observed: Observed,
    seen: _Seen,
    images: np.ndarray,
    lucks: list[tuple[Luck, np.ndarray]],
    rng: np.random.Generator,
) -> _Tried:
    """Draw lucks, spreads of methods around what the figures show, and reaches."""
    places, usual = observed.means.shape[1], moderated(observed, None, 1)[0]
    sizes = np.array([_drawn(luck, rng, TRIED) for luck, _ in lucks]).reshape(len(lucks), TRIED)
    noise = np.broadcast_to(images + np.diag(usual.ravel()[seen.cells] / seen.seeds), (TRIED, *images.shape)).copy()
    for (_, alike), size in zip(lucks, sizes, strict=True):
        noise += size[:, None, None] * alike
    typical = np.median(noise, axis=0)
    each = [_lying_apart(seen, typical, place, places) for place in range(places)]
    centre = 0.5 * np.log(np.array([max(shown - luck, luck / 4, 1e-8) for shown, luck in each]))
    before = 0.5 * np.log(np.maximum(np.median(usual, axis=0), 1e-8))
    ones, eye = np.ones((places, places)), np.eye(places)
    around, believed = 0.2 * ones + 0.3 * eye, COMMON**2 * ones + OWN**2 * eye
    logs = centre + rng.standard_normal((TRIED, places)) @ np.linalg.cholesky(around).T
    odds = _log_normal(logs - before, believed) - _log_normal(logs - centre, around)
    reaches, spreads = REACHES[rng.integers(len(REACHES), size=TRIED)], np.exp(logs)
    alike = np.exp(-_apart(observed.positions) / reaches[:, None, None])
    return _Tried(spreads[:, :, None] * spreads[:, None, :] * alike, sizes, noise, odds)


def _lying_apart(seen: _Seen, noise: np.ndarray, place: int, places: int) -> tuple[float, float]:
    """Return the variance of the means of a place, and the part of it that noise (N, N) makes; zeros for one mean."""
    mine = np.flatnonzero(seen.cells % places == place)
    if (n := len(mine)) < 2:
        return 0.0, float(noise[mine, mine].sum())
    within = noise[np.ix_(mine, mine)]
    return float(seen.means[mine].var(ddof=1)), float((np.trace(within) - within.sum() / n) / (n - 1))


def _log_normal(deviations: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the logarithm of the normal density of deviations (C, P), up to a constant."""
    density: np.ndarray = -0.5 * np.einsum("cp,pq,cq->c", deviations, np.linalg.inv(covariance), deviations)
    return density


def _evened(images: np.ndarray, method: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return a covariance (N, N) that is the same for every method, and every two, at each two places: their means.

    The estimate of single pairs is made from the decisions whose means it explains: it is the widest in the direction
    in which the figures happen to lie apart, so that real differences pass for luck of the images.
    """
    same, evened = method[:, None] == method, np.zeros_like(images)
    at = (place[:, None] == np.arange(place.max() + 1)).astype(float)
    for pairs in (same, ~same):
        total, count = at.T @ (images * pairs) @ at, at.T @ pairs @ at
        evened += (at @ (total / np.maximum(count, 1)) @ at.T) * pairs
    root = _root(evened)
    nearest: np.ndarray = root @ root.T
    return nearest


def _apart(positions: np.ndarray) -> np.ndarray:
    """Return how far places lie apart, (P, P)."""
    where = positions.reshape(len(positions), -1)
    apart: np.ndarray = np.sqrt(((where[:, None] - where) ** 2).sum(axis=-1))
    return apart


def _priors(covers: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the covariances of true means, (C, R, N), of cells (R,) and (N,): a method's own, and a place's common."""
    places = covers.shape[1]
    (method, place), (other, there) = np.divmod(rows[:, None], places), np.divmod(columns, places)
    whole: np.ndarray = covers[:, place, there] * (method == other) + WIDE**2 * (place == there)
    return whole


def _of_prior(covers: np.ndarray, methods: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of true means from covers (N, P, P), (N, M * P, TOGETHER)."""
    count, places, _ = covers.shape
    normal = rng.standard_normal((count, places, methods * TOGETHER))
    own = (np.linalg.cholesky(covers + 1e-12 * np.eye(places)) @ normal).reshape(count, places, methods, TOGETHER)
    shared = WIDE * rng.standard_normal((count, places, 1, TOGETHER))
    return (own + shared).swapaxes(1, 2).reshape(count, methods * places, TOGETHER)


def _drawn(luck: Luck, rng: np.random.Generator, draws: int) -> np.ndarray:
    total = luck.variance * luck.freedom / rng.chisquare(luck.freedom, draws)
    drawn: np.ndarray = np.maximum(total - luck.within, 0.0)
    return drawn


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a covariance that may be singular: the one root that no library may choose."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
