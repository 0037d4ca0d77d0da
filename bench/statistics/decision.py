"""A decision from draws of true means: take one, call some equivalent, or say that it is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SURE = 0.9  # probability from which on methods are called equivalent


@dataclass(frozen=True)
class Recommendation:
    """What to use at one place.

    Attributes
    ----------
    outcome
        `take`: the cheapest method whose expected regret is at most delta. `equivalent`: all of `among` lie within
        delta of the best with probability 0.9, take the cheapest. `unknown`: `choice` has the least expected regret,
        which is above delta.
    choice
        The method, by index.
    among
        Methods that are equivalent, or still in contention, by index.
    regret : float (M,)
        Expected loss of each method against the best of all, in the unit of the figure.
    best : float (M,)
        Probability that each is the best.
    near : float (M,)
        Probability that each lies within delta of the best.
    """

    outcome: Literal["take", "equivalent", "unknown"]
    choice: int
    among: tuple[int, ...]
    regret: np.ndarray
    best: np.ndarray
    near: np.ndarray


def recommend(draws: np.ndarray, costs: np.ndarray, delta: float) -> Recommendation:
    """Decide at one place.

    Parameters
    ----------
    draws : float (D, M)
        Of the true means; more is better.
    costs : float (M,)
        What a method takes to train, in any unit.
    delta
        The difference that nobody would care about.

    Raises
    ------
    ValueError
        Shapes do not fit, there is no draw, or delta is negative or no number.
    """
    if draws.ndim != 2 or not draws.size or draws.shape[1:] != costs.shape or not delta >= 0:
        raise ValueError(f"draws {draws.shape}, costs {costs.shape} and delta {delta} do not fit together")
    loss = draws.max(axis=1, keepdims=True) - draws
    regret, near = loss.mean(axis=0), (loss <= delta).mean(axis=0)
    first = loss == 0  # several where figures have reached their bound: they share the draw
    best = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    equal = _together(loss <= delta, regret)
    good = np.flatnonzero(regret <= delta)
    if len(equal) > 1:
        first_of_cheapest = int(min(equal, key=lambda method: (costs[method], method)))
        return Recommendation("equivalent", first_of_cheapest, tuple(equal.tolist()), regret, best, near)
    if len(good):
        cheapest = int(min(good, key=lambda method: (costs[method], regret[method])))
        return Recommendation("take", cheapest, tuple(good.tolist()), regret, best, near)
    open_ = np.flatnonzero(near > 1 - SURE)
    return Recommendation("unknown", int(regret.argmin()), tuple(open_.tolist()), regret, best, near)


def _together(near: np.ndarray, regret: np.ndarray) -> np.ndarray:
    """Return the largest set, taken in the order of regret, that lies within delta all at once with probability 0.9."""
    order = np.argsort(regret, kind="stable")
    all_near = np.logical_and.accumulate(near[:, order], axis=1).mean(axis=0)
    equal: np.ndarray = order[all_near >= SURE]
    return equal
