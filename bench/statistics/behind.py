"""Behind the figures: how far methods lie apart, how far each stands out, how large lucks are; and means drawn with it.

Of method m at place p the mean over seeds is observed as

    mean = mu[m, p] + seed noise / sqrt(n) + luck of the test images + luck of the subset + luck of the stage

and mu[m, p] = (what all methods share at p) + delta[m, p]. A place informs its neighbours: delta of one method is a
Gaussian process over places, as wide at each as methods lie apart there, times a standing of the method's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.statistics.triangular import solved

WIDE = 10.0  # standard deviation of what all methods share: nothing is known of it beforehand
LEAST = 1e-10  # variance of a mean that nothing was seen to move: equal figures must not make a singular covariance


@dataclass(frozen=True, eq=False)
class Model:
    """N observed means and what is known of their noise.

    Attributes
    ----------
    values : float (N,)
        The means, around 0.
    cells : int (N,)
        Whose they are: m * P + p.
    shape
        M methods, P places.
    apart : float (P, P)
        How far places lie apart.
    own : float (N,)
        Variance of each mean by its seeds, as it is usual.
    images : float (N, N)
        Covariance of the means by the test images.
    lucks : float (N, N) each
        Covariance of the means by each kind of luck, where its variance is 1.
    expected : float (M,)
        Each method's standing, as it is expected before the figures speak.
    """

    values: np.ndarray
    cells: np.ndarray
    shape: tuple[int, int]
    apart: np.ndarray
    own: np.ndarray
    images: np.ndarray
    lucks: Sequence[np.ndarray]
    expected: np.ndarray

    @cached_property
    def roots(self) -> list[np.ndarray]:
        """Symmetric roots of the covariances by test images and lucks."""
        return [root(it) for it in (self.images, *self.lucks)]

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of means that are of one method: numbers of either, (K,)."""
        methods = self.cells // self.shape[1]
        first, second = np.nonzero(methods[:, None] == methods)
        return first, second

    @cached_property
    def layers(self) -> np.ndarray:
        """What the covariance of the means is, without delta, and what each luck adds to it, (1 + L, N * N)."""
        places = self.cells % self.shape[1]
        known = self.images + np.diag(self.own + LEAST) + WIDE**2 * (places[:, None] == places)
        return np.stack([known, *self.lucks]).reshape(1 + len(self.lucks), -1)


@dataclass(frozen=True, eq=False)
class Behind:
    """C states of what may be behind the figures.

    Attributes
    ----------
    spreads : float (C, P)
        Logarithm of how far methods lie apart at each place, a standard deviation.
    reaches : float (C,)
        How far in the places' units that is alike.
    lucks : float (L, C)
        Variance of each luck.
    standings : float (C, M)
        By how much the variance of a method's delta is larger than the spreads say.
    """

    spreads: np.ndarray
    reaches: np.ndarray
    lucks: np.ndarray
    standings: np.ndarray

    def covers(self, apart: np.ndarray) -> np.ndarray:
        """Return the covariance of delta over places of a method whose standing is 1, (C, P, P)."""
        wide = np.exp(self.spreads)
        found: np.ndarray = wide[:, :, None] * wide[:, None, :] * np.exp(-apart / self.reaches[:, None, None])
        return found


def total(model: Model, behind: Behind) -> np.ndarray:
    """Return the covariance of the observed means, (C, N, N), with the usual variance by seeds."""
    count, size = len(behind.reaches), len(model.cells)
    found: np.ndarray = (np.vstack([np.ones(count), behind.lucks]).T @ model.layers).reshape(count, size, size)
    (first, second), places = model.pairs, model.shape[1]
    method, place = np.divmod(model.cells, places)
    found[:, first, second] += (
        behind.standings[:, method[first]] * behind.covers(model.apart)[:, place[first], place[second]]
    )
    return found


def drawn(
    model: Model,
    behind: Behind,
    roots: np.ndarray,
    own: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw delta, (C, M * P, T), and what methods share, (C, P, T), given the figures and what is behind them.

    Each draw of the prior is moved by what its own made-up figures lack of the observed ones (Matheron's rule,
    Wilson et al. 2020, arXiv 2002.09309): a draw of the posterior without a root of its covariance.

    Parameters
    ----------
    roots
        Of the covariances of the observed means, lower triangles (C, N, N).
    own : float (C, N)
        Variance of each mean by its seeds.
    """
    (methods, places), chains = model.shape, len(behind.reaches)
    method, place = np.divmod(model.cells, places)
    covers = behind.covers(model.apart)
    normal = rng.standard_normal((chains, methods, places, count))
    delta = np.linalg.cholesky(covers + 1e-12 * np.eye(places))[:, None] @ normal
    delta *= np.sqrt(behind.standings)[..., None, None]
    shared = WIDE * rng.standard_normal((chains, places, count))
    size = chains, len(model.cells), count
    noise = np.sqrt(own)[..., None] * rng.standard_normal(size)
    for scale, pattern in zip((np.ones(chains), *np.sqrt(behind.lucks)), model.roots, strict=True):
        noise += scale[:, None, None] * (pattern @ rng.standard_normal(size))
    lacking = model.values[:, None] - delta[:, method, place] - shared[:, place] - noise
    moved = solved(roots, solved(roots, lacking), transposed=True)
    gathered = np.zeros((chains, methods, places, count))
    for mean in range(len(model.cells)):
        gathered[:, method[mean], place[mean]] += moved[:, mean]
    delta += behind.standings[..., None, None] * (covers[:, None] @ gathered)
    shared += WIDE**2 * gathered.sum(axis=1)
    return delta.reshape(chains, methods * places, count), shared


def root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a covariance that may be singular: the one root that no library may choose."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    found: np.ndarray = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return found
