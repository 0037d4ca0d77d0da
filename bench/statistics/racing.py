"""Racing: which methods deserve more seeds, given what the seeds so far say, and when no seed would help any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.statistics.decision import Recommendation, recommend
from bench.statistics.moderation import moderated
from bench.statistics.observed import Luck, Observed

EARLY = 0.5  # part of delta that regret must have fallen to before a race ends: its luck so far must not stop it
CONTENDING = 0.2  # probability of lying within delta of the best
WORTH = 0.1  # part of the variance between two methods that more seeds of one must be able to take away

Ending = Literal["", "decided", "seeds", "images", "subset", "stage"]


@dataclass(frozen=True)
class Heat:
    """How the race stands at one place.

    Attributes
    ----------
    recommendation
        What is known now, by index of those that compete.
    ending
        "" while it goes on. `decided`: something can be taken. `seeds`: those that methods in contention may still have
        would change too little. `images`, `subset`, `stage`: more seeds would not settle it, since most of the doubt
        comes from there.
    more
        Methods that deserve another seed, by the same index.
    """

    recommendation: Recommendation
    ending: Ending
    more: tuple[int, ...] = ()


def heat(
    observed: Observed, place: int, there: np.ndarray, draws: np.ndarray, costs: np.ndarray, delta: float, most: int
) -> Heat:
    """Return how the race stands at one place.

    Parameters
    ----------
    there : int (N,)
        Rows of `observed` that compete at the place.
    draws : float (D, N)
        Of their true means, by `bench.statistics.posterior.posterior` of what was observed.
    costs : float (N,)
        What they take to train.
    delta
        The difference that nobody would care about.
    most
        Seeds that a method may have.

    Raises
    ------
    ValueError
        Shapes do not fit, or delta is negative.
    """
    found, strict = (recommend(draws, costs, it) for it in (delta, EARLY * delta))
    if strict.outcome != "unknown" or found.outcome == "equivalent":
        return Heat(found, "decided")
    doubts, leader = _Doubts.at(observed, place, there, most), int(found.regret.argmin())
    others = [int(m) for m in np.argsort(-found.near, kind="stable") if m != leader]
    rivals = [m for m in others if found.near[m] > CONTENDING] or others[:1]
    pairs = [(m, doubts.between(leader, rival)) for rival in rivals for m in (leader, rival)]
    wanted = sorted({m for m, variance in pairs if doubts.spared[m] > WORTH * variance})
    if wanted:
        return Heat(found, "", tuple(wanted))
    return Heat(found, doubts.rest([leader, *rivals])) if found.outcome == "unknown" else Heat(found, "decided")


@dataclass(frozen=True)
class _Doubts:
    """Variances of each method's mean at a place, (M,); `spared` is what seeds that it may still have would take."""

    seeds: np.ndarray
    spared: np.ndarray
    images: np.ndarray  # (M, M), of the difference of two
    subset: np.ndarray
    stage: np.ndarray

    @classmethod
    def at(cls, observed: Observed, place: int, there: np.ndarray, most: int) -> _Doubts:
        counts = np.maximum(observed.seeds[there, place], 1)
        single = moderated(observed, None, 1)[0, there, place]
        cells = there * len(observed.positions) + place
        own = observed.images[np.ix_(cells, cells)]
        within = np.diag(own)
        images = np.maximum(within[:, None] + within - 2 * own, 0.0)
        size = 1.0 if observed.sizes is None else float(observed.sizes[place]) ** 2
        subset = np.full(len(there), _size(observed.subset) * size)
        stage = np.array([_size(observed.stage.get(int(m))) * size for m in there])
        return cls(single / counts, single / counts - single / np.maximum(counts, most), images, subset, stage)

    def between(self, a: int, b: int) -> float:
        """Return the variance of the difference of two means."""
        return float(self.images[a, b] + sum(it[a] + it[b] for it in (self.seeds, self.subset, self.stage)))

    def rest(self, contending: list[int]) -> Ending:
        """Return what most of the doubt among methods comes from when nobody gains by another seed."""
        leader, *rivals = contending
        parts: dict[Ending, float] = {
            "seeds": float(self.seeds[contending].mean()) * 2,
            "images": float(self.images[leader, rivals].mean()),
            "subset": float(self.subset[contending].mean()) * 2,
            "stage": float(self.stage[contending].mean()) * 2,
        }
        return max(parts, key=lambda name: parts[name])


def _size(luck: Luck | None) -> float:
    return max(luck.variance - luck.within, 0.0) if luck else 0.0
