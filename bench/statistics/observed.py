"""Observed: what runs showed of every method's figure, level by level, as a posterior takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Luck:
    """A variance that was estimated with some degrees of freedom, in the squared unit of the figure.

    `within` is the part of it that is no luck of this kind, such as that of the seeds behind each mean.
    """

    variance: float
    freedom: float
    within: float = 0.0


@dataclass(frozen=True)
class Further:
    """Means of N groups of runs on another subset or stage than the first of all.

    Attributes
    ----------
    method, place : int (N,)
        Whose they are.
    means : float (N,)
    seeds : int (N,)
        Runs behind a mean.
    subset, stage : int (N,)
        What they rest on, 0 being the first; the same number is the same draw for all methods.
    """

    method: np.ndarray
    place: np.ndarray
    means: np.ndarray
    seeds: np.ndarray
    subset: np.ndarray
    stage: np.ndarray


@dataclass(frozen=True)
class Observed:
    """Figures of M methods at P places, of one metric.

    Attributes
    ----------
    means : float (M, P)
        Over seeds, on the first subset and stage; NaN where a method was not run.
    variances : float (M, P)
        Of a single run over seeds, n - 1 degrees of freedom; NaN where there are fewer than two.
    seeds : int (M, P)
        Runs behind a mean.
    images : float (M * P + N, M * P + N)
        Covariance of the means from the draw of the test images, methods outer, places inner, then those of `further`.
    positions : float (P,) or (P, D)
        Where the places lie on the axis along which they inform each other, such as log2 of the smallest count; or in a
        space, such as log2 of the count of each class.
    subset
        Luck of a method with the subset that was drawn, beyond what all methods share; None: never varied.
    stage
        By method (index): luck with the translator or generator, which all its seeds share.
    common
        Luck with the subset that all methods share: it counts where some were run on further ones.
    freedom : float (M, P)
        Degrees of freedom of `variances`, where `further` adds to those of `seeds`.
    further
        What was run on further subsets and stages.
    sizes : float (P,)
        Standard deviation of the lucks at each place, as a multiple of that where they were seen; None: ones.
    baseline
        The method (index) that the others are remedies against, so that it is not one of a kind with them; None: none.
    """

    means: np.ndarray
    variances: np.ndarray
    seeds: np.ndarray
    images: np.ndarray
    positions: np.ndarray
    subset: Luck | None = None
    stage: dict[int, Luck] = field(default_factory=dict)
    common: Luck | None = None
    freedom: np.ndarray | None = None
    further: Further | None = None
    sizes: np.ndarray | None = None
    baseline: int | None = None
