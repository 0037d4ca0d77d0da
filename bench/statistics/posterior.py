"""The posterior of every method's true mean: what is believed of it after few seeds, one subset and a finite test set.

Of method m at place p the mean over seeds is observed as

    mean = mu[m, p] + seed noise / sqrt(n) + luck of the test images + luck of the subset + luck of the stage

and mu[m, p] = (what all methods share at p) + delta[m, p]. A place informs its neighbours: delta of one method is a
Gaussian process over places with a variance and a reach that are learned from the data. A method that stands apart has
a variance of its own, so that many equal ones do not draw it to themselves. Variances over seeds are uncertain too and
are drawn from their own posteriors, so that few seeds make wide tails. docs/decisions-under-noise.md says it at length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.statistics.observed import Luck as Luck
from bench.statistics.observed import Observed as Observed

WIDE = 10.0  # standard deviation of what all methods share: nothing is known of it beforehand
SCALES = np.geomspace(0.002, 0.3, 12)  # standard deviations of delta that are tried
REACHES = np.array([0.25, 1.0, 3.0, 10.0])  # of the process, in units of log2 of the place's scale
TAILS = 3.0  # degrees of freedom of Student's distribution that a method's standing comes from
ROUNDS = 6  # in which the methods that stand apart are found
FREEDOM = (2.0, 100.0)  # weight of the common variance beside a cell's own, at least and at most
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
    images = observed.images[np.ix_(seen.rows, seen.rows)]
    covers = _covers(observed.positions)
    lucks = _shared(observed, seen)
    typical = images + np.diag(_moderated(observed, None, 1)[0].ravel()[cells] / seen.seeds)
    typical += sum((_drawn(luck, None, 1)[0] * alike for luck, alike in lucks), np.zeros_like(images))
    apart, weights = _standing_apart(values, cells, covers, methods, typical)
    priors = np.stack([_prior(cover, apart) for cover in covers])
    groups = -(-draws // TOGETHER)
    chosen = rng.choice(len(covers), groups, p=weights)
    own = _moderated(observed, rng, groups).reshape(groups, -1)[:, cells] / seen.seeds
    true = _of_prior(covers[chosen], apart, rng)  # (groups, M * P, TOGETHER)
    noise = _root(images) @ rng.standard_normal((groups, len(values), TOGETHER))
    noise += np.sqrt(own)[..., None] * rng.standard_normal(noise.shape)
    shapes, diagonal = priors[chosen], np.arange(len(values))
    total = shapes[:, cells][:, :, cells] + images
    total[:, diagonal, diagonal] += own
    for luck, alike in lucks:
        variance = _drawn(luck, rng, groups)[:, None, None]
        noise += np.sqrt(variance) * (_root(alike) @ rng.standard_normal(noise.shape))
        total += variance * alike
    # Each draw of the prior is moved by what its own made-up figures lack of the observed ones (Matheron's rule,
    # Wilson et al. 2020, arXiv 2002.09309): a draw of the posterior without a root of its covariance.
    moved = true + shapes[:, :, cells] @ np.linalg.solve(total, values[:, None] - true[:, cells] - noise)
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
    alike = nested * (seen.subset[:, None] == seen.subset)
    own = alike * (method[:, None] == method)
    staged = (seen.cells[:, None] == seen.cells) & (seen.stage[:, None] == seen.stage)  # a place has stages of its own
    found = [(observed.subset, own), (observed.common, alike)]
    found += [(luck, staged * np.outer(method == m, method == m)) for m, luck in observed.stage.items()]
    return [(luck, pattern) for luck, pattern in found if luck is not None]


def _covers(positions: np.ndarray) -> np.ndarray:
    """Return the covariances of one method's delta over places that are tried, (C, P, P)."""
    apart = _apart(positions)
    return np.stack([scale**2 * np.exp(-apart / reach) for scale in SCALES for reach in REACHES])


def _apart(positions: np.ndarray) -> np.ndarray:
    """Return how far places lie apart, (P, P)."""
    where = positions.reshape(len(positions), -1)
    apart: np.ndarray = np.sqrt(((where[:, None] - where) ** 2).sum(axis=-1))
    return apart


def _prior(cover: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return the covariance of all true means, (M * P, M * P): their own, and what all methods share at a place.

    `apart` are the factors, (M,), on each method's own variance.
    """
    shared = np.tile(np.eye(len(cover)), (len(apart), len(apart)))
    covariance: np.ndarray = np.kron(np.diag(apart), cover) + WIDE**2 * shared
    return covariance


def _of_prior(covers: np.ndarray, apart: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of true means from covers (N, P, P), (N, M * P, TOGETHER)."""
    (count, places, _), methods = covers.shape, len(apart)
    normal = rng.standard_normal((count, places, methods * TOGETHER))
    own = (np.linalg.cholesky(covers + 1e-12 * np.eye(places)) @ normal).reshape(count, places, methods, TOGETHER)
    own *= np.sqrt(apart)[:, None]
    shared = WIDE * rng.standard_normal((count, places, 1, TOGETHER))
    return (own + shared).swapaxes(1, 2).reshape(count, methods * places, TOGETHER)


def _standing_apart(
    values: np.ndarray, cells: np.ndarray, covers: np.ndarray, methods: int, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factor on each method's variance, (M,), and the share of belief in each cover, (C,).

    A method's standing comes from Student's distribution, which is a normal one with a variance of its own; the factors
    are the likeliest (the EM algorithm: Lange et al. 1989, doi:10.2307/2290063), given the covers' shares, and these
    given the factors.
    """
    places = covers.shape[1]
    apart = np.ones(methods)
    inverses = np.linalg.inv(covers + 1e-12 * np.eye(places))
    for _ in range(ROUNDS):
        whole = np.stack([_prior(cover, apart) for cover in covers])
        priors = whole[:, cells][:, :, cells]
        weights = _weights(values, priors, noise)
        likely = np.flatnonzero(weights > 1e-3)
        expected = np.zeros(methods)
        for c in likely:
            own = np.kron(np.diag(apart), covers[c])
            gain = np.linalg.solve(priors[c] + noise, own[cells]).T
            mean = (gain @ values).reshape(methods, places)
            left = (own - gain @ own[cells]).reshape(methods, places, methods, places)
            spread = np.einsum("mpmq->mpq", left) + mean[:, :, None] * mean[:, None]
            expected += weights[c] * np.einsum("mpq,qp->m", spread, inverses[c])
        apart = (TAILS + expected / weights[likely].sum()) / (TAILS + places)
    return apart, weights


def _weights(values: np.ndarray, priors: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the share of belief in each prior (C, N, N), by the likelihood of values (N,) with noise (N, N).

    Before the values speak, all scales are as likely, not all their logarithms: that would prefer equal methods.
    """
    roots = np.linalg.cholesky(priors + noise)
    determinants = 2 * np.log(np.einsum("cnn->cn", roots)).sum(axis=1)
    white = np.linalg.solve(roots, np.broadcast_to(values[:, None], (len(roots), len(values), 1)))
    logs = -0.5 * (determinants + (white**2).sum(axis=(1, 2)))
    belief = np.exp(logs - logs.max()) * np.repeat(SCALES, len(REACHES))
    share: np.ndarray = belief / belief.sum()
    return share


def _moderated(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return each cell's variance over seeds, (draws, M, P), moved towards what all have; with `rng`, draws of it.

    The prior's freedom is fitted to how far the sample variances scatter (Smyth 2004, doi:10.2202/1544-6115.1027, by
    the moments of their ratio to the mean).
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

    From mean and variance of the logarithms (Smyth 2004, section 6.2), which few erratic methods hardly move: the more
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


def _drawn(luck: Luck, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    total = np.full(draws, luck.variance)
    if rng is not None:
        total = luck.variance * luck.freedom / rng.chisquare(luck.freedom, draws)
    drawn: np.ndarray = np.maximum(total - luck.within, 0.0)
    return drawn


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a covariance that may be singular: the one root that no library may choose."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
