"""The posterior of every method's true mean: what is believed of it after few seeds, one subset and a finite test set.

Of method m at place p the mean over seeds is observed as

    mean = mu[m, p] + seed noise / sqrt(n) + luck of the test images + luck of the subset + luck of the stage

and mu[m, p] = (what all methods share at p) + delta[m, p]. A place informs its neighbours: delta of one method is a
Gaussian process over places with a variance and a reach that are learned from the data. Variances are uncertain too and
are drawn from their own posteriors, so that few seeds make wide tails.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

WIDE = 10.0  # standard deviation of what all methods share: nothing is known of it beforehand
SCALES = np.geomspace(0.002, 0.3, 12)  # standard deviations of delta that are tried
REACHES = np.array([0.25, 1.0, 3.0, 10.0])  # of the process, in units of log2 of the place's scale
PRIOR_FREEDOM = 2.0  # weight of the pooled variance beside a cell's own, at least
TOGETHER = 16  # draws of the means that share one draw of the variances, which cost the time


@dataclass(frozen=True)
class Luck:
    """A variance that was estimated with some degrees of freedom, in the squared unit of the figure."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class Observed:
    """Figures of M methods at P places, of one metric.

    Attributes
    ----------
    means : float (M, P)
        Over seeds; NaN where a method was not run.
    variances : float (M, P)
        Of a single run over seeds, n - 1 degrees of freedom; NaN where there are fewer than two.
    seeds : int (M, P)
        Runs behind a mean.
    images : float (M * P, M * P)
        Covariance of the means from the draw of the test images, methods outer, places inner.
    positions : float (P,)
        Where the places lie on the axis along which they inform each other, such as log2 of the smallest count.
    subset
        Luck of a method with the subset that was drawn, beyond what all methods share; None: never varied.
    stage
        By method (index): luck with the translator or generator, which all its seeds share.
    """

    means: np.ndarray
    variances: np.ndarray
    seeds: np.ndarray
    images: np.ndarray
    positions: np.ndarray
    subset: Luck | None = None
    stage: dict[int, Luck] = field(default_factory=dict)


def posterior(observed: Observed, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the true means, float64 (draws, M, P); what was not run is drawn from its neighbours.

    Raises
    ------
    ValueError
        Nothing was observed.
    """
    methods, places = observed.means.shape
    there = np.isfinite(observed.means).ravel()
    if not there.any():
        raise ValueError("no method was run at any place")
    level = float(np.nanmean(observed.means))
    values = observed.means.ravel()[there] - level
    images = observed.images[np.ix_(there, there)]
    covers = _covers(observed.positions)
    priors = np.stack([_prior(cover, methods) for cover in covers])
    weights = _weights(values, priors[:, there][:, :, there], images + np.diag(_noise(observed, None, 1)[0, there]))
    groups = -(-draws // TOGETHER)
    chosen = rng.choice(len(covers), groups, p=weights)
    own = _noise(observed, rng, groups)[:, there]
    true = _of_prior(covers[chosen], methods, rng)  # (groups, M * P, TOGETHER)
    luck = _root(images) @ rng.standard_normal((groups, len(values), TOGETHER))
    luck += np.sqrt(own)[..., None] * rng.standard_normal(luck.shape)
    # Each draw of the prior is moved by what its own made-up figures lack of the observed ones (Matheron's rule,
    # Wilson et al. 2020, arXiv 2002.09309): a draw of the posterior without a root of its covariance.
    shapes, cells = priors[chosen], np.arange(len(values))
    total = shapes[:, there][:, :, there] + images
    total[:, cells, cells] += own
    moved = true + shapes[:, :, there] @ np.linalg.solve(total, values[:, None] - true[:, there] - luck)
    flat = moved.swapaxes(1, 2).reshape(groups * TOGETHER, methods, places)[:draws]
    out: np.ndarray = level + flat
    return out


def _covers(positions: np.ndarray) -> np.ndarray:
    """Return the covariances of one method's delta over places that are tried, (C, P, P)."""
    apart = np.abs(positions[:, None] - positions)
    return np.stack([scale**2 * np.exp(-apart / reach) for scale in SCALES for reach in REACHES])


def _prior(cover: np.ndarray, methods: int) -> np.ndarray:
    """Return the covariance of all true means, (M * P, M * P): their own, and what all methods share at a place."""
    covariance: np.ndarray = np.kron(np.eye(methods), cover) + WIDE**2 * np.tile(np.eye(len(cover)), (methods, methods))
    return covariance


def _of_prior(covers: np.ndarray, methods: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of true means from covers (N, P, P), (N, M * P, TOGETHER)."""
    count, places, _ = covers.shape
    normal = rng.standard_normal((count, places, methods * TOGETHER))
    own = (np.linalg.cholesky(covers + 1e-12 * np.eye(places)) @ normal).reshape(count, places, methods, TOGETHER)
    shared = WIDE * rng.standard_normal((count, places, 1, TOGETHER))
    return (own + shared).swapaxes(1, 2).reshape(count, methods * places, TOGETHER)


def _weights(values: np.ndarray, priors: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the share of belief in each prior (C, N, N), by the likelihood of values (N,) with noise (N, N)."""
    roots = np.linalg.cholesky(priors + noise)
    determinants = 2 * np.log(np.einsum("cnn->cn", roots)).sum(axis=1)
    white = np.linalg.solve(roots, np.broadcast_to(values[:, None], (len(roots), len(values), 1)))
    logs = -0.5 * (determinants + (white**2).sum(axis=(1, 2)))
    belief = np.exp(logs - logs.max())
    share: np.ndarray = belief / belief.sum()
    return share


def _moderated(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return each cell's variance over seeds, (draws, M, P), moved towards what all have; with `rng`, draws of it.

    The prior's freedom is fitted to how far the sample variances scatter (Smyth 2004, doi:10.2202/1544-6115.1027, by
    the moments of their ratio to the mean).
    """
    freedom = np.where(np.isfinite(observed.variances), observed.seeds - 1, 0).astype(float)
    sample = np.where(freedom > 0, observed.variances, 0.0)
    total = freedom.sum()
    if not total:
        raise ValueError("no method has two seeds: nothing is known of the luck of a seed")
    common = float((freedom * sample).sum() / total)
    if common <= 0:
        return np.zeros((draws, *sample.shape))
    prior = _prior_freedom(sample[freedom > 0] / common, float(freedom[freedom > 0].mean()))
    pooled = (prior * common + freedom * sample) / (prior + freedom)
    if rng is None:
        return np.broadcast_to(pooled, (draws, *pooled.shape))
    drawn: np.ndarray = pooled * (prior + freedom) / rng.chisquare(prior + freedom, (draws, *pooled.shape))
    return drawn


def _prior_freedom(ratios: np.ndarray, freedom: float) -> float:
    """Return the freedom that the common variance is worth: much if cells scatter as samples of one would."""
    if len(ratios) < 3:
        return 4.0
    excess = float(ratios.var(ddof=1)) - 2 / freedom  # of variances that are equal, ratios vary by 2 / freedom
    return float(np.clip(4 + 2 / max(excess, 1e-3), PRIOR_FREEDOM, 100.0))


def _noise(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return the variance of each observed mean around the true one but for the test images, (draws, M * P)."""
    own = _moderated(observed, rng, draws) / np.maximum(observed.seeds, 1)
    if observed.subset is not None:
        own = own + _drawn(observed.subset, rng, draws)[:, None, None]
    for method, luck in observed.stage.items():
        own[:, method] += _drawn(luck, rng, draws)[:, None]  # each place has a stage of its own
    return own.reshape(draws, -1)


def _drawn(luck: Luck, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    if rng is None:
        return np.full(draws, luck.variance)
    drawn: np.ndarray = luck.variance * luck.freedom / rng.chisquare(luck.freedom, draws)
    return drawn


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return R with R R^T = covariance, which may be singular."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root: np.ndarray = vectors * np.sqrt(np.maximum(values, 0))
    return root
