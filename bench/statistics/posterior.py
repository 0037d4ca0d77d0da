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
SPREAD = 0.02  # of methods at a place, as it is believed to be before any record; log-normal, places partly alike
SPREAD_COMMON, SPREAD_OWN = 0.8, 0.5  # standard deviations of its logarithm
REACHES = np.array([0.25, 1.0, 4.0])  # of the process, in units of log2 of the place's scale
LUCK, LUCK_FREEDOM = 0.01, 2.0  # of a subset or a stage, beforehand, and what that is worth beside their own runs
PRIOR_FREEDOM = 2.0  # weight of the pooled variance beside a cell's own, at least
TRIED = 500  # spreads, reaches and lucks that are weighed by what they make of the figures
TOGETHER = 4  # draws of the means that share one draw of the variances
UNSEEN = 1e6  # variance of a figure that is not there


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
        Nothing was observed, or no method has two seeds.
    """
    there = np.isfinite(observed.means)
    if not there.any():
        raise ValueError("no method was run at any place")
    level = float(observed.means[there].mean())
    values = np.where(there, observed.means - level, 0.0)
    shared, apart = _evened(observed.images, there)
    tried = _tried(observed, rng)
    weights = tried.weights(values, apart, _of_means(observed, None, 1), there)
    chosen = rng.choice(TRIED, -(-draws // TOGETHER), p=weights)
    noise = _of_means(observed, rng, len(chosen)) + tried.luck[chosen]
    each = _Blocks(tried.covers[chosen], apart, np.where(there, noise, UNSEEN))
    moved = each.draw(values, rng) + _root(shared) @ rng.standard_normal((len(chosen), TOGETHER, 1, len(shared), 1))
    out: np.ndarray = level + moved[..., 0].reshape(-1, *values.shape)[:draws]
    return out


class _Blocks:
    """Figures of methods that differ from what all share at a place, each by its own delta and noise.

    Parameters
    ----------
    covers : float (C, P, P)
        Covariance of delta over places.
    apart : float (P, P)
        Covariance of the luck with the images that a method does not share with the others.
    noise : float (C, M, P)
        Variance of all other luck.
    """

    def __init__(self, covers: np.ndarray, apart: np.ndarray, noise: np.ndarray) -> None:
        self.covers = covers[:, None]
        total = self.covers + apart + noise[..., None] * np.eye(len(apart))
        self.inverse = np.linalg.inv(total)
        self.precision = self.inverse.sum(axis=1) + np.eye(len(apart)) / WIDE**2  # of what all share
        self._total = total

    def fit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the inverse times values (M, P), (C, M, P), and what all share, (C, P)."""
        weighed = np.einsum("cmpq,mq->cmp", self.inverse, values)
        return weighed, np.linalg.solve(self.precision, weighed.sum(axis=1)[..., None])[..., 0]

    def likelihood(self, values: np.ndarray) -> np.ndarray:
        """Return the logarithm of the likelihood of values (M, P), up to a constant, (C,)."""
        weighed, shared = self.fit(values)
        determinants = np.linalg.slogdet(self._total)[1].sum(axis=1) + np.linalg.slogdet(self.precision)[1]
        squares = np.einsum("cmp,mp->c", weighed, values) - np.einsum("cmp,cp->c", weighed, shared)
        found: np.ndarray = -0.5 * (determinants + squares)
        return found

    def draw(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return draws of what all share and delta together, (C, TOGETHER, M, P, 1)."""
        _, mean = self.fit(values)
        normal = rng.standard_normal((len(mean), TOGETHER, 1, mean.shape[1], 1))
        shared = mean[:, None, None, :, None] + _root(np.linalg.inv(self.precision))[:, None, None] @ normal
        gain = self.covers @ self.inverse
        left = _root(self.covers - gain @ self.covers)
        own = left[:, None] @ rng.standard_normal((len(mean), TOGETHER, *values.shape, 1))
        drawn: np.ndarray = shared + gain[:, None] @ (values[..., None] - shared) + own
        return drawn


@dataclass(frozen=True)
class _Tried:
    """What might be behind the figures: covariances of one method's delta (C, P, P), luck (C, M, P), and their odds."""

    covers: np.ndarray
    luck: np.ndarray
    odds: np.ndarray  # logarithm of belief beforehand over how often it is tried, (C,)

    def weights(self, values: np.ndarray, apart: np.ndarray, own: np.ndarray, there: np.ndarray) -> np.ndarray:
        """Return the share of belief in each, (C,), by the likelihood of values (M, P) with their own noise."""
        blocks = _Blocks(self.covers, apart, np.where(there, own + self.luck, UNSEEN))
        logs = self.odds + blocks.likelihood(values)
        belief = np.exp(logs - logs.max())
        share: np.ndarray = belief / belief.sum()
        return share


def _tried(observed: Observed, rng: np.random.Generator) -> _Tried:
    """Draw spreads around what the figures show, reaches, and variances of luck."""
    methods, places = observed.means.shape
    luck = np.zeros((TRIED, methods, places))
    if observed.subset is not None:
        luck += _drawn(observed.subset, rng)[:, None, None]
    for method, stage in observed.stage.items():
        luck[:, method] += _drawn(stage, rng)[:, None]  # each place has a stage of its own
    noise = (_of_means(observed, None, 1)[0] + np.median(luck, axis=0)).mean(axis=0)
    shown = np.array([it[np.isfinite(it)].var(ddof=1) if np.isfinite(it).sum() > 1 else 0.0 for it in observed.means.T])
    centre = 0.5 * np.log(np.maximum(shown - noise, np.maximum(noise, 1e-6) / 4))
    ones, eye = np.ones((places, places)), np.eye(places)
    around, before = 0.2 * ones + 0.3 * eye, SPREAD_COMMON**2 * ones + SPREAD_OWN**2 * eye
    logs = centre + rng.standard_normal((TRIED, places)) @ np.linalg.cholesky(around).T
    beyond = [(logs - centre, around), (logs - np.log(SPREAD), before)]
    tried, believed = (-0.5 * np.einsum("cp,pq,cq->c", it, np.linalg.inv(cov), it) for it, cov in beyond)
    distance = np.abs(observed.positions[:, None] - observed.positions)
    reaches, scale = REACHES[rng.integers(len(REACHES), size=TRIED)], np.exp(logs)
    covers = scale[:, :, None] * scale[:, None, :] * np.exp(-distance / reaches[:, None, None])
    return _Tried(covers, luck, believed - tried)


def _evened(images: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance at each two places, (P, P), of luck that methods share, and of what each has beside it.

    They are means over methods. The estimate of single pairs is made from the decisions whose mean it explains: it is
    the widest in the direction in which the figures happen to lie apart, so that real differences pass for luck.
    """
    methods, places = there.shape
    known = np.outer(there, there).reshape(methods, places, methods, places)
    blocks = np.where(known, images.reshape(known.shape), 0.0)
    own, owns = (np.einsum("mpmq->pq", it) for it in (blocks, known.astype(float)))
    cross, crosses = blocks.sum(axis=(0, 2)) - own, known.sum(axis=(0, 2)) - owns
    shared = cross / np.maximum(crosses, 1)
    root = _root(own / np.maximum(owns, 1) - shared)
    return shared, root @ root.T


def moderated(observed: Observed) -> np.ndarray:
    """Return each cell's variance of a single run over seeds, (M, P), moved towards what all have at its place.

    The prior's freedom is fitted to how far the sample variances scatter (Smyth 2004, doi:10.2202/1544-6115.1027, by
    the moments of their ratio to the mean).

    Raises
    ------
    ValueError
        No method has two seeds.
    """
    variance: np.ndarray = _moderated(observed, None, 1)[0]
    return variance


def _moderated(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return each cell's variance over seeds, (draws, M, P), as `moderated`; with `rng`, draws of it."""
    freedom = np.where(np.isfinite(observed.variances), observed.seeds - 1, 0).astype(float)
    sample = np.where(freedom > 0, observed.variances, 0.0)
    if not freedom.any():
        raise ValueError("no method has two seeds: nothing is known of the luck of a seed")
    common = (freedom * sample).sum(axis=0) / np.maximum(freedom.sum(axis=0), 1)
    common[freedom.sum(axis=0) == 0] = (freedom * sample).sum() / freedom.sum()
    known = (freedom > 0) & (common > 0)
    prior = _prior_freedom((sample / np.where(common > 0, common, 1))[known], freedom[known])
    pooled = (prior * common + freedom * sample) / (prior + freedom)
    if rng is None:
        return np.broadcast_to(pooled, (draws, *pooled.shape))
    drawn: np.ndarray = pooled * (prior + freedom) / rng.chisquare(prior + freedom, (draws, *pooled.shape))
    return drawn


def _prior_freedom(ratios: np.ndarray, freedom: np.ndarray) -> float:
    """Return the freedom that the common variance is worth: much if cells scatter as samples of one would."""
    if len(ratios) < 3:
        return 4.0
    excess = float(((ratios - 1) ** 2 - 2 / freedom).mean())  # of variances that are equal, ratios vary by 2 / freedom
    return float(np.clip(4 + 2 / max(excess, 1e-3), PRIOR_FREEDOM, 100.0))


def _of_means(observed: Observed, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """Return the variance that the luck of seeds gives each mean, (draws, M, P)."""
    variance: np.ndarray = _moderated(observed, rng, draws) / np.maximum(observed.seeds, 1)
    return variance


def _drawn(luck: Luck, rng: np.random.Generator) -> np.ndarray:
    """Return draws of a variance, (C,), from its few runs and from what is believed beforehand."""
    freedom = luck.freedom + LUCK_FREEDOM
    drawn: np.ndarray = (luck.variance * luck.freedom + LUCK**2 * LUCK_FREEDOM) / rng.chisquare(freedom, TRIED)
    return drawn


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return R with R R^T = covariance (..., P, P), which may be singular."""
    values, vectors = np.linalg.eigh((covariance + covariance.swapaxes(-1, -2)) / 2)
    root: np.ndarray = vectors * np.sqrt(np.maximum(values, 0))[..., None, :]
    return root
