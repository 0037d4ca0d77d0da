"""Synthetic stores: decisions of methods whose true figures are known, to measure what the comparisons are worth.

Fitted to the reference records of Horse2Zebra in the `cpu` profile: recalls, their spread over seeds, and how much of
an image's fate is its own, its seed's and its method's (tetrachoric correlations of the decisions).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.statistics.outcomes import Outcomes

METHODS, SEEDS, IMAGES = 14, 5, 150  # images of each of the two classes
BY_SEED = 0.06  # of the variance of difficulty: what all methods share in a seed


@dataclass(frozen=True)
class SyntheticColumn:
    """One minority count; pairs are of majority and minority class.

    A run decides an image rightly if its latent difficulty, a standard normal variable, lies below the run's threshold
    for the class.

    Attributes
    ----------
    recalls
        Expected over seeds.
    sds, correlation
        Of the thresholds over seeds, in units of the difficulty; what helps one class mostly harms the other.
    own
        The part of the difficulty's variance that an image keeps whoever judges it.
    by_method
        The part that it keeps for all seeds of a method.
    """

    name: str
    recalls: tuple[float, float]
    sds: tuple[float, float]
    correlation: float
    own: tuple[float, float]
    by_method: float


COLUMNS = (
    SyntheticColumn("25", (0.855, 0.643), (0.25, 0.25), 0.1, (0.52, 0.68), 0.06),
    SyntheticColumn("50", (0.899, 0.803), (0.15, 0.08), -0.7, (0.63, 0.80), 0.06),
    SyntheticColumn("75", (0.924, 0.811), (0.25, 0.14), -0.7, (0.62, 0.86), 0.02),
    SyntheticColumn("100", (0.911, 0.823), (0.33, 0.12), -0.7, (0.66, 0.90), 0.02),
)


def synthetic_store(
    seed: int,
    gaps: np.ndarray | None = None,
    restless: np.ndarray | None = None,
    columns: tuple[SyntheticColumn, ...] = COLUMNS,
) -> list[Outcomes]:
    """Return the columns of one store; they share its images.

    Parameters
    ----------
    seed
        Same seed, same store.
    gaps : float (columns, METHODS)
        By how much each method's true ACSA lies below the column's; both recalls fall in proportion. Default: zeros.
    restless : float (METHODS,)
        Factors on each method's spread over seeds, which leave its true recalls alone. Default: ones.
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], IMAGES)
    own = rng.standard_normal(len(labels))
    lower = np.zeros((len(columns), METHODS)) if gaps is None else gaps
    factors = np.ones(METHODS) if restless is None else restless
    names = tuple(f"method {m}" for m in range(METHODS))
    right = [
        difficulty(column, own, labels, SEEDS, rng) < _thresholds(column, gap, factors, rng)[:, :, labels]
        for column, gap in zip(columns, lower, strict=True)
    ]
    decisions = [np.where(found, labels, 1 - labels) for found in right]
    return [Outcomes(column.name, names, labels, found) for column, found in zip(columns, decisions, strict=True)]


def difficulty(
    column: SyntheticColumn, own: np.ndarray, labels: np.ndarray, seeds: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how hard each run finds each image, standard normal, (METHODS, seeds, images)."""
    share, images = np.array(column.own)[labels], len(labels)
    found: np.ndarray = (
        np.sqrt(share) * own
        + np.sqrt(BY_SEED) * rng.standard_normal((1, seeds, images))
        + np.sqrt(column.by_method) * rng.standard_normal((METHODS, 1, images))
        + np.sqrt(1 - share - BY_SEED - column.by_method) * rng.standard_normal((METHODS, seeds, images))
    )
    return found


def _thresholds(column: SyntheticColumn, gap: np.ndarray, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return each run's threshold for each class, (METHODS, SEEDS, 2)."""
    sds = factors[:, None] * np.array(column.sds)
    recalls = np.array(column.recalls) * (1 - gap[:, None] / np.mean(column.recalls))
    centres = stats.norm.ppf(recalls) * np.sqrt(1 + sds**2)  # such that the expected recall is this one
    shape = np.linalg.cholesky([[1.0, column.correlation], [column.correlation, 1.0]])
    luck = rng.standard_normal((METHODS, SEEDS, 2)) @ shape.T
    thresholds: np.ndarray = centres[:, None] + sds[:, None] * luck
    return thresholds
