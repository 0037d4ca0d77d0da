"""Ranks: mean ranks of methods over datasets, with what a critical-difference diagram shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

FEW = 10  # Demšar 2006 asks for more than ten datasets before the laws for many are trusted
DRAWS = 10_000


@dataclass(frozen=True)
class Ranks:
    """How M methods rank over N blocks, 1 the best.

    Attributes
    ----------
    means : float (M,)
        Mean ranks.
    blocks
        N.
    p_value
        Friedman's: the chance of mean ranks as unequal as these if all methods were equal.
    critical_difference
        Nemenyi's: mean ranks this far apart, or farther, differ.
    groups
        Longest runs of methods, as indices by rank, within which none differ; a diagram's bars. A method that differs
        from all others is in none.
    """

    means: np.ndarray
    blocks: int
    p_value: float
    critical_difference: float
    groups: tuple[tuple[int, ...], ...]

    @property
    def caveat(self) -> str:
        """A sentence on what so few blocks can show, empty if they are not few."""
        most = len(self.means) - 1
        if self.blocks > FEW:
            return ""
        verdict = "so no two can" if self.critical_difference > most else "so only extremes can"
        return (
            f"{self.blocks} dataset{'s are' if self.blocks > 1 else ' is'} few: mean ranks must lie "
            f"{self.critical_difference:.1f} apart of at most {most}, {verdict} be told apart."
        )


def rank(blocks: np.ndarray, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> Ranks:
    """Rank methods in each block and compare their mean ranks (Demšar 2006, jmlr.org/papers/v7/demsar06a.html).

    Parameters
    ----------
    blocks : float (N, M)
        Figures, higher is better, of M >= 2 methods in N independent blocks. Datasets are blocks; the minority counts
        of one dataset are not, since they share images: see `dataset_blocks`.
    level
        1 - level is the chance that any two of equal methods are told apart.
    draws, seed
        Of the permutations behind the p-value; the chi-square law needs more blocks than a benchmark has.

    Raises
    ------
    ValueError
        There are fewer than two methods, no block, or figures that are not finite.
    """
    blocks = np.asarray(blocks, dtype=np.float64)
    if blocks.ndim != 2 or not len(blocks) or blocks.shape[1] < 2 or not np.isfinite(blocks).all():
        raise ValueError("ranks need finite figures (blocks, methods) of two methods and one block at least")
    n, methods = blocks.shape
    ranks = stats.rankdata(-blocks, axis=1)
    means = ranks.mean(axis=0)
    difference = float(stats.studentized_range.ppf(level, methods, np.inf)) * np.sqrt(
        methods * (methods + 1) / (12 * n)
    )
    p_value = _friedman_p(ranks, draws, np.random.default_rng(seed))
    return Ranks(means, n, p_value, float(difference), _groups(means, difference))


def dataset_blocks(datasets: Sequence[np.ndarray]) -> np.ndarray:
    """Return one block a dataset, float64 (N, M): the mean over its columns of figures (columns, M)."""
    return np.stack([np.asarray(columns, dtype=np.float64).mean(axis=0) for columns in datasets])


def _friedman_p(ranks: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """Return the share of permutations of the ranks in each block whose means are at least as unequal."""

    def inequality(ranks: np.ndarray) -> np.ndarray:
        spread: np.ndarray = (ranks.sum(axis=-2) ** 2).sum(axis=-1)
        return spread

    permuted = rng.permuted(np.broadcast_to(ranks, (draws, *ranks.shape)), axis=-1)
    as_unequal = int((inequality(permuted) >= inequality(ranks) * (1 - 1e-12)).sum())
    return (as_unequal + 1) / (draws + 1)


def _groups(means: np.ndarray, difference: float) -> tuple[tuple[int, ...], ...]:
    order = np.argsort(means, kind="stable")
    ends = [int((means[order] - means[first] < difference).sum()) for first in order]
    runs = [
        tuple(order[start:end].tolist())
        for start, end in enumerate(ends)
        if end - start > 1 and (start == 0 or end > ends[start - 1])
    ]
    return tuple(runs)
