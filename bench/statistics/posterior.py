"""The posterior of every method's true mean: what is believed of it after few seeds, one subset and a finite test set.

Of method m at place p the mean over seeds is observed as

    mean = mu[m, p] + seed noise / sqrt(n) + luck of the test images + luck of the subset + luck of the stage

and mu[m, p] = (what all methods share at p) + delta[m, p]. A place informs its neighbours: delta of one method is a
Gaussian process over places whose variance, reach, and growth towards rarer classes are learned from the data. A method
may stand farther apart than most (the horseshoe: Carvalho et al. 2010, doi:10.1093/biomet/asq017), so that many equal
ones do not draw it to themselves. Variances over seeds are drawn from their own posteriors, so that few seeds make wide
tails. docs/decisions-under-noise.md says it at length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.statistics.moderation import moderated
from bench.statistics.observed import Luck as Luck
from bench.statistics.observed import Observed as Observed

WIDE = 10.0  # standard deviation of what all methods share: nothing is known of it beforehand
SCALES = np.geomspace(0.002, 0.3, 12)  # standard deviations of delta that are tried
REACHES = (0.5, 2.0, 8.0)  # of the process, in units of log2 of the place's scale
GROWTHS = (0.0, 0.5, 1.0, 1.5)  # of the standard deviation, as that power of the imbalance
FACTORS = 2.0 ** np.arange(-1, 6)  # by which a method's standard deviation may differ from that of most
SWEEPS = 3  # over the methods, in which those that stand apart are found
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
    typical = images + np.diag(moderated(observed, None, 1)[0].ravel()[cells] / seen.seeds)
    typical += sum((_drawn(luck, None, 1)[0] * alike for luck, alike in lucks), np.zeros_like(images))
    weights, chances = _beliefs(values, cells, covers, methods, typical)
    groups = -(-draws // TOGETHER)
    chosen = rng.choice(len(covers), groups, p=weights)
    factors = np.stack([rng.choice(FACTORS, groups, p=each) for each in chances], axis=1)
    own = moderated(observed, rng, groups).reshape(groups, -1)[:, cells] / seen.seeds
    true = _of_prior(covers[chosen], factors, rng)  # (groups, M * P, TOGETHER)
    noise = _root(images) @ rng.standard_normal((groups, len(values), TOGETHER))
    noise += np.sqrt(own)[..., None] * rng.standard_normal(noise.shape)
    shapes, diagonal = _priors(covers[chosen], factors), np.arange(len(values))
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
    sizes = np.ones(observed.means.shape[1]) if observed.sizes is None else observed.sizes
    nested *= np.outer(sizes[place], sizes[place])
    alike = nested * (seen.subset[:, None] == seen.subset)
    own = alike * (method[:, None] == method)
    staged = (seen.cells[:, None] == seen.cells) & (seen.stage[:, None] == seen.stage)  # a place has stages of its own
    staged = staged * sizes[place] ** 2
    found = [(observed.subset, own), (observed.common, alike)]
    found += [(luck, staged * np.outer(method == m, method == m)) for m, luck in observed.stage.items()]
    return [(luck, pattern) for luck, pattern in found if luck is not None]


def _covers(positions: np.ndarray) -> np.ndarray:
    """Return the covariances of one method's delta over places that are tried, (C, P, P), scale by scale."""
    apart, level = _apart(positions), positions.reshape(len(positions), -1).min(axis=1)
    shapes = []
    for reach in REACHES:
        for growth in GROWTHS:
            sizes = 2.0 ** (growth * (level.mean() - level))
            shapes.append(np.exp(-apart / reach) * np.outer(sizes, sizes))
    return np.stack([scale**2 * shape for scale in SCALES for shape in shapes])


def _apart(positions: np.ndarray) -> np.ndarray:
    """Return how far places lie apart, (P, P)."""
    where = positions.reshape(len(positions), -1)
    apart: np.ndarray = np.sqrt(((where[:, None] - where) ** 2).sum(axis=-1))
    return apart


def _priors(covers: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return the covariances of all true means, (N, M * P, M * P): each method's own, and what all share at a place.

    `covers` are (N, P, P), and (N, M) the factors on each method's standard deviation.
    """
    (count, places, _), methods = covers.shape, factors.shape[1]
    whole = np.zeros((count, methods, places, methods, places))
    every = np.arange(methods)
    whole[:, every, :, every, :] = (factors.T**2)[:, :, None, None] * covers
    whole += WIDE**2 * np.eye(places)[:, None, :]
    return whole.reshape(count, methods * places, methods * places)


def _of_prior(covers: np.ndarray, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of true means from covers (N, P, P) and factors (N, M), (N, M * P, TOGETHER)."""
    (count, places, _), methods = covers.shape, factors.shape[1]
    normal = rng.standard_normal((count, places, methods * TOGETHER))
    own = (np.linalg.cholesky(covers + 1e-12 * np.eye(places)) @ normal).reshape(count, places, methods, TOGETHER)
    own *= factors[:, None, :, None]
    shared = WIDE * rng.standard_normal((count, places, 1, TOGETHER))
    return (own + shared).swapaxes(1, 2).reshape(count, methods * places, TOGETHER)


def _beliefs(
    values: np.ndarray, cells: np.ndarray, covers: np.ndarray, methods: int, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of belief in each cover, (C,), and in each of `FACTORS` for each method, (M, F).

    The covers' given the likeliest factors, and a method's factor given the likeliest cover and those of the others:
    they are found in a few sweeps. Before the values speak, all scales are as likely, not all their logarithms, which
    would prefer equal methods; and a factor has half a Cauchy distribution.
    """
    usual = FACTORS / (1 + FACTORS**2)
    scales = np.repeat(SCALES, len(covers) // len(SCALES))
    factors, chances = np.ones(methods), np.zeros((methods, len(FACTORS)))
    weights = np.zeros(len(covers))
    for _ in range(SWEEPS):
        same = np.broadcast_to(factors, (len(covers), methods))
        weights = _shares(values, cells, covers, same, noise, scales)
        cover = np.broadcast_to(covers[weights.argmax()], (len(FACTORS), *covers.shape[1:]))
        for m in range(methods):
            tried = np.tile(factors, (len(FACTORS), 1))
            tried[:, m] = FACTORS
            chances[m] = _shares(values, cells, cover, tried, noise, usual)
            factors[m] = FACTORS[chances[m].argmax()]
    return weights, chances


def _shares(
    values: np.ndarray,
    cells: np.ndarray,
    covers: np.ndarray,
    factors: np.ndarray,
    noise: np.ndarray,
    before: np.ndarray,
) -> np.ndarray:
    """Return the share of belief, (C,), in each of C covers with factors (C, M), by the likelihood of values (N,)."""
    roots = np.linalg.cholesky(_priors(covers, factors)[:, cells][:, :, cells] + noise)
    determinants = 2 * np.log(np.einsum("cnn->cn", roots)).sum(axis=1)
    white = np.linalg.solve(roots, np.broadcast_to(values[:, None], (len(roots), len(values), 1)))
    logs = -0.5 * (determinants + (white**2).sum(axis=(1, 2)))
    belief = np.exp(logs - logs.max()) * before
    share: np.ndarray = belief / belief.sum()
    return share


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
