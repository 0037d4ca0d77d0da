"""Settling: what would end a doubt between methods: more seeds, or more of what seeds do not change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bench.statistics.decision import recommend
from bench.statistics.observed import Observed
from bench.statistics.posterior import posterior

TRIED = (5, 10, 20, 30, 50, 100, 200)  # seeds
WITHOUT_NUMBER = 1_000_000
DRAWS = 2048
Doubt = Literal["seeds", "images", "shared", "both"]


@dataclass(frozen=True)
class Settling:
    """What would settle a decision, were all means to stay as they are.

    Attributes
    ----------
    seeds
        So many of each method in contention would; None if it takes more than the most that are tried, or no number
        of seeds would.
    regret
        The least expected regret with these seeds, or with seeds without number.
    doubt
        What dominates it: `seeds`, where enough of them would do; the draw of the test `images`; the subset and stages
        that all seeds have `shared`; or `both` of these, so that neither alone would do.
    """

    seeds: int | None
    regret: float
    doubt: Doubt


def settling(
    observed: Observed, place: int, methods: np.ndarray, among: np.ndarray, costs: np.ndarray, delta: float
) -> Settling:
    """Say what would settle the choice at a place.

    Parameters
    ----------
    methods, among : int
        Methods that can be taken there, and those of them in contention, by row of `observed`.
    costs : float
        Of `methods`.
    delta
        As for `bench.statistics.decision.recommend`.
    """

    def decided(seen: Observed) -> tuple[bool, float]:
        draws = posterior(seen, DRAWS, np.random.default_rng(0))[:, methods, place]
        found = recommend(draws, costs, delta)
        return found.outcome != "unknown", float(found.regret.min())

    endless = _with_seeds(observed, among, place, WITHOUT_NUMBER)
    ever, least = decided(endless)
    if not ever:  # then no number will, whatever the draws of one of them say
        by_images, _ = decided(replace(endless, images=np.zeros_like(endless.images)))
        by_shared, _ = decided(replace(endless, subset=None, stage={}, common=None))
        return Settling(None, least, "images" if by_images else "shared" if by_shared else "both")
    most = int(observed.seeds[among, place].max(initial=1))
    for seeds in (n for n in TRIED if n > most):
        known, regret = decided(_with_seeds(observed, among, place, seeds))
        if known:
            return Settling(seeds, regret, "seeds")
    return Settling(None, least, "seeds")


def _with_seeds(observed: Observed, methods: np.ndarray, place: int, seeds: int) -> Observed:
    """Return what would be observed with so many seeds of some methods at a place, were the means to stay."""
    more = np.array(observed.seeds)
    more[methods, place] = np.maximum(more[methods, place], seeds)
    freedom = None if observed.freedom is None else observed.freedom + more - observed.seeds
    return replace(observed, seeds=more, freedom=freedom)
