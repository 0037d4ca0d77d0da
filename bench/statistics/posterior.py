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
    apart = np.abs(observed.positions[:, None] - observed.positions)
    same_place = np.tile(np.eye(places), (methods, methods))
    covers = [(scale, np.kron(np.eye(methods), np.exp(-apart / reach))) for scale in SCALES for reach in REACHES]
    typical = _noise(observed, _moderated(observed), None)[np.ix_(there, there)]
    weights = _weights(values, typical, covers, same_place, there)
    out = np.empty((draws, methods * places))
    for d in range(draws):
        scale, shape = covers[rng.choice(len(covers), p=weights)]
        prior = scale**2 * shape + WIDE**2 * same_place
        noise = _noise(observed, _moderated(observed, rng), rng)[np.ix_(there, there)]
        gain = np.linalg.solve(prior[np.ix_(there, there)] + noise, prior[there]).T
        mean, covariance = gain @ values, prior - gain @ prior[there]
        out[d] = level + _draw(mean, covariance, rng)
    return out.reshape(draws, methods, places)


def _weights(
    values: np.ndarray, noise: np.ndarray, covers: list[tuple[float, np.ndarray]], shared: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """Return the share of belief in each pair of a scale and a reach, by the likelihood of what was observed."""
    logs = []
    for scale, shape in covers:
        covariance = (scale**2 * shape + WIDE**2 * shared)[np.ix_(there, there)] + noise
        _, determinant = np.linalg.slogdet(covariance)
        logs.append(-0.5 * (determinant + values @ np.linalg.solve(covariance, values)))
    belief = np.exp(np.array(logs) - max(logs))
    share: np.ndarray = belief / belief.sum()
    return share


def _moderated(observed: Observed, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return each cell's variance over seeds, (M, P), moved towards what all have; with `rng`, a draw of it.

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
        return np.zeros_like(sample)
    prior = _prior_freedom(sample[freedom > 0] / common, float(freedom[freedom > 0].mean()))
    pooled = (prior * common + freedom * sample) / (prior + freedom)
    if rng is None:
        return pooled
    drawn: np.ndarray = pooled * (prior + freedom) / rng.chisquare(prior + freedom)
    return drawn


def _prior_freedom(ratios: np.ndarray, freedom: float) -> float:
    """Return the freedom that the common variance is worth: much if cells scatter as samples of one would."""
    if len(ratios) < 3:
        return 4.0
    excess = float(ratios.var(ddof=1)) - 2 / freedom  # of variances that are equal, ratios vary by 2 / freedom
    return float(np.clip(4 + 2 / max(excess, 1e-3), PRIOR_FREEDOM, 100.0))


def _noise(observed: Observed, variances: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """Return the covariance of the observed means around the true ones, (M * P, M * P)."""
    methods, places = observed.means.shape
    own = variances / np.maximum(observed.seeds, 1)
    if observed.subset is not None:
        own = own + _drawn(observed.subset, rng)
    blocks = np.zeros((methods * places, methods * places))
    for method, luck in observed.stage.items():
        each = slice(method * places, (method + 1) * places)
        blocks[each, each] = np.eye(places) * _drawn(luck, rng)  # each place has a stage of its own
    covariance: np.ndarray = np.diag(own.ravel()) + blocks + observed.images
    return covariance


def _drawn(luck: Luck, rng: np.random.Generator | None) -> float:
    return luck.variance if rng is None else float(luck.variance * luck.freedom / rng.chisquare(luck.freedom))


def _draw(mean: np.ndarray, covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    drawn: np.ndarray = mean + vectors @ (np.sqrt(np.maximum(values, 0)) * rng.standard_normal(len(mean)))
    return drawn
