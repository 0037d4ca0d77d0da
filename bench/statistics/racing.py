"""Racing: which methods deserve more seeds, given what the seeds so far say, and when no seed would help any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.statistics.decision import Recommendation, recommend
from bench.statistics.moderation import moderated
from bench.statistics.observed import Luck, Observed

EARLY = 0.5  # part of delta that regret must have fallen to before a race ends: its luck so far must not stop it
CONTENDING = 0.15  # probability of lying within delta of the best
WORTH = 0.08  # part of the variance between two methods that more seeds of one must be able to take away

Ending = Literal["", "decided", "seeds", "images", "subset", "stage"]


@dataclass(frozen=True)
class Heat:
    """How the race stands at one place.

    Attributes
    ----------
    recommendation
        What is known now.
    ending
        "" while it goes on. `decided`: something can be taken. `seeds`: methods in contention have as many as are
        allowed. `images`, `subset`, `stage`: more seeds would not settle it, since most of the doubt comes from there.
    more
        Methods that deserve another seed, by index.
    """

    recommendation: Recommendation
    ending: Ending
    more: tuple[int, ...] = ()


def heats(observed: Observed, draws: np.ndarray, costs: np.ndarray, delta: float, most: int) -> tuple[Heat, ...]:
    """Return how the race stands at each place.

    Parameters
    ----------
    draws : float (D, M, P)
        Of the true means, by `bench.statistics.posterior.posterior` of what was observed.
    costs : float (M, P)
        What a method takes to train.
    delta
        The difference that nobody would care about.
    most
        Seeds that a method may have.

    Raises
    ------
    ValueError
        Shapes do not fit, or delta is negative.
    """
    places = range(len(observed.positions))
    return tuple(_heat(_Doubts.at(observed, p, most), draws[..., p], costs[:, p], delta) for p in places)


def _heat(doubts: _Doubts, draws: np.ndarray, costs: np.ndarray, delta: float) -> Heat:
    found, strict = (recommend(draws, costs, it) for it in (delta, EARLY * delta))
    if strict.outcome != "unknown" or found.outcome == "equivalent":
        return Heat(found, "decided")
    leader = int(found.regret.argmin())
    rivals = [int(m) for m in np.flatnonzero(found.near > CONTENDING) if m != leader]
    wanted = [
        m for rival in rivals for m in (leader, rival) if doubts.spared[m] > WORTH * doubts.between(leader, rival)
    ]
    if wanted:
        return Heat(found, "", tuple(sorted(set(wanted))))
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
    def at(cls, observed: Observed, place: int, most: int) -> _Doubts:
        methods = len(observed.means)
        single, counts = moderated(observed, None, 1)[0, :, place], np.maximum(observed.seeds[:, place], 1)
        cells = np.arange(methods) * len(observed.positions) + place
        own = observed.images[np.ix_(cells, cells)]
        within = np.diag(own)
        images = np.maximum(within[:, None] + within - 2 * own, 0.0)
        size = 1.0 if observed.sizes is None else float(observed.sizes[place]) ** 2
        subset = np.full(methods, _size(observed.subset) * size)
        stage = np.array([_size(observed.stage.get(m)) * size for m in range(methods)])
        return cls(single / counts, single / counts - single / np.maximum(counts, most), images, subset, stage)

    def between(self, a: int, b: int) -> float:
        """Return the variance of the difference of two means."""
        return float(self.images[a, b] + sum(it[a] + it[b] for it in (self.seeds, self.subset, self.stage)))

    def rest(self, contending: list[int]) -> Ending:
        """Return what most of the doubt among methods comes from when nobody gains by another seed."""
        leader, *rivals = contending
        if not rivals:
            return "seeds"
        parts: dict[Ending, float] = {
            "seeds": float(self.seeds[contending].mean()) * 2,
            "images": float(self.images[leader, rivals].mean()),
            "subset": float(self.subset[contending].mean()) * 2,
            "stage": float(self.stage[contending].mean()) * 2,
        }
        return max(parts, key=lambda name: parts[name])


def _size(luck: Luck | None) -> float:
    return max(luck.variance - luck.within, 0.0) if luck else 0.0
