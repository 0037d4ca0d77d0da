"""Racing: which methods deserve more seeds, given what the seeds so far say, and when no seed would help any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.statistics.decision import Recommendation, recommend
from bench.statistics.posterior import Observed

WORTH = 0.25  # part of the doubt between two methods that more seeds must be able to take away
Ending = Literal["", "decided", "seeds", "images", "subset", "stage"]


@dataclass(frozen=True)
class Heat:
    """How the race stands at one place.

    Attributes
    ----------
    recommendation
        What is known now.
    ending
        "" while it goes on. `decided`: something can be taken. `seeds`: every method in contention has as many as are
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
    costs : float (M,) or (M, P)
        What a method takes to train.
    delta
        The difference that nobody would care about.
    most
        Seeds that a method may have.
    """
    methods, places = observed.means.shape
    spent = np.broadcast_to(costs.T, (places, methods)).T
    return tuple(_heat(observed, p, recommend(draws[..., p], spent[:, p], delta), most) for p in range(places))


def _heat(observed: Observed, place: int, found: Recommendation, most: int) -> Heat:
    if found.outcome != "unknown":
        return Heat(found, "decided")
    rivals = [m for m in found.among if m != found.choice]
    doubts = {m: _Doubt.between(observed, place, found.choice, m, most) for m in rivals}
    worth = {m: it for m, it in doubts.items() if it.spared >= WORTH * it.total}
    if worth:
        asked = [m for m in (found.choice, *worth) if observed.seeds[m, place] < most]
        # A method whose own luck is small beside the other's gains nothing by another seed.
        return Heat(found, "", tuple(sorted(asked)))
    if all(observed.seeds[m, place] >= most for m in (found.choice, *rivals)):
        return Heat(found, "seeds")
    rest = {name: sum(getattr(it, name) for it in doubts.values()) for name in ("images", "subset", "stage")}
    return Heat(found, max(rest, key=lambda name: rest[name]))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Doubt:
    """Variances of the difference between two methods at a place; `spared` is what more seeds could take away."""

    seeds: float
    spared: float
    images: float
    subset: float
    stage: float

    @property
    def total(self) -> float:
        return self.seeds + self.images + self.subset + self.stage

    @classmethod
    def between(cls, observed: Observed, place: int, a: int, b: int, most: int) -> _Doubt:
        places = len(observed.positions)
        i, j = a * places + place, b * places + place
        images = observed.images[i, i] + observed.images[j, j] - 2 * observed.images[i, j]
        common = float(np.nanmean(observed.variances))
        single = [v if np.isfinite(v := observed.variances[m, place]) else common for m in (a, b)]
        counts = [max(int(observed.seeds[m, place]), 1) for m in (a, b)]
        seeds = sum(v / n for v, n in zip(single, counts, strict=True))
        spared = seeds - sum(v / max(n, most) for v, n in zip(single, counts, strict=True))
        subset = 2 * observed.subset.variance if observed.subset else 0.0
        stage = sum(observed.stage[m].variance for m in (a, b) if m in observed.stage)
        return cls(seeds, spared, max(float(images), 0.0), subset, stage)
