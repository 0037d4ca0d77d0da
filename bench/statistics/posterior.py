"""The posterior of every method's true mean: what is believed of it after few seeds, one subset and a finite test set.

`bench.statistics.behind` says how figures are taken to come about. How far methods lie apart at each place, over how
many places that reaches, how far each method stands out and how large the lucks are is not known: Markov chains draw
them as likely as they make the figures (`bench.statistics.chains`). Variances over seeds are drawn from their own
posteriors, so that few seeds make wide tails. docs/decisions-under-noise.md says it at length;
`benchmarks/decisions.py` measures what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.statistics.behind import Model, drawn, root, total
from bench.statistics.chains import chains
from bench.statistics.moderation import moderated
from bench.statistics.observed import Luck as Luck
from bench.statistics.observed import Observed as Observed

CHAINS = 64
BASELINE = 16.0  # how much larger its variance is than a remedy's: whether any helps is what is asked
TOGETHER = 16  # draws of the means that share one draw of all else, which costs the time


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
    level, seen = float(np.nanmean(observed.means)), _seen(observed, first)
    usual, shared = moderated(observed, None, 1)[0], _shared(observed, seen)
    images = _evened(observed.images[np.ix_(seen.rows, seen.rows)], *np.divmod(seen.cells, places))
    expected = np.ones(methods)
    if observed.baseline is not None:
        expected[observed.baseline] = BASELINE
    model = Model(
        seen.means - level,
        seen.cells,
        (methods, places),
        _apart(observed.positions),
        usual.ravel()[seen.cells] / seen.seeds,
        images,
        [pattern for _, pattern in shared],
        expected,
    )
    spreads = 0.5 * np.log(np.maximum(np.median(usual, axis=0), 1e-8))
    groups = -(-draws // TOGETHER)
    count = min(CHAINS, groups)
    found, diagonal = [], np.arange(len(seen.cells))
    for at in chains(model, [luck for luck, _ in shared], spreads, count, -(-groups // count), rng):
        own = moderated(observed, rng, count).reshape(count, -1)[:, seen.cells] / seen.seeds
        whole = total(model, at.state)
        whole[:, diagonal, diagonal] += own - model.own
        delta, common = drawn(model, at.state, np.linalg.cholesky(whole), own, TOGETHER, rng)
        found.append((delta.reshape(count, methods, places, TOGETHER) + common[:, None]).transpose(0, 3, 1, 2))
    out: np.ndarray = level + np.concatenate(found).reshape(-1, methods, places)[:draws]
    return out


def image_excess(observed: Observed) -> np.ndarray:
    """Return what two methods' own images add to the variance of their difference at a place, float64 (P, M, M).

    The posterior takes every two methods to differ about as many images as two do on average, see `_evened`. Two that
    differ about more are known less well by this much; 0 for two that differ about fewer, and where one was not run.
    """
    methods, places = observed.means.shape
    first = np.flatnonzero(np.isfinite(observed.means))
    seen = _seen(observed, first)
    raw = observed.images[np.ix_(seen.rows, seen.rows)]
    found = np.zeros((places, methods, methods))
    more = np.maximum(_of_pairs(raw) - _of_pairs(_evened(raw, *np.divmod(seen.cells, places))), 0)
    for place in range(places):
        at = np.flatnonzero(first % places == place)
        mine = first[at] // places
        found[np.ix_([place], mine, mine)] = more[np.ix_(at, at)]
    return found


def widened(difference: np.ndarray, variance: float) -> np.ndarray:
    """Return draws (D,) about the same mean, with so much more variance; as they are where all are alike."""
    middle, own = difference.mean(), float(difference.var())
    if not own:
        return difference
    out: np.ndarray = middle + (difference - middle) * np.sqrt(1 + variance / own)
    return out


def _of_pairs(covariance: np.ndarray) -> np.ndarray:
    """Return the variance of each difference, (N, N)."""
    own = np.diag(covariance)
    found: np.ndarray = own[:, None] + own - 2 * covariance
    return found


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
    half = root(evened)
    nearest: np.ndarray = half @ half.T
    return nearest


def _apart(positions: np.ndarray) -> np.ndarray:
    """Return how far places lie apart, (P, P)."""
    where = positions.reshape(len(positions), -1)
    apart: np.ndarray = np.sqrt(((where[:, None] - where) ** 2).sum(axis=-1))
    return apart
