"""Chains: states of what is behind the figures, drawn as likely as the figures make them.

Spreads and lucks move as Metropolis and Hastings have it, by the likelihood of the figures alone; then a method's
standing is drawn given its delta, and delta given everything (Gibbs). So delta has the tails of Student's t: a method
that lies far from a pack of equals is neither drawn to them nor makes them lie apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.statistics.behind import Behind, Model, drawn, total
from bench.statistics.observed import Luck
from bench.statistics.triangular import solved

REACHES = np.array([0.5, 2.0, 8.0])  # of the process, in units of log2 of the place's scale
# Before the figures speak, methods lie as far apart as runs over seeds. The logarithm of how far has these standard
# deviations: one that all places share, and one that each has alone.
COMMON, OWN = 0.8, 0.5
TAILS = 3.0  # degrees of freedom of Student's t
TRIED = 128  # starts, of which the chains are
WARM = 40  # steps before one counts
STEPS = np.array([0.15, 0.4, 1.0])  # how far spreads are moved, as parts of what one step may be
JUMP = 0.7  # how far the logarithm of a luck's variance is moved


@dataclass(frozen=True, eq=False)
class Chain:
    """C chains at one step: their states, and the roots of the covariances of the observed means, (C, N, N)."""

    state: Behind
    roots: np.ndarray


def chains(
    model: Model, lucks: Sequence[Luck], usual: np.ndarray, count: int, steps: int, rng: np.random.Generator
) -> Iterator[Chain]:
    """Give so many steps of `count` chains.

    Parameters
    ----------
    lucks
        What is known of the size of each luck of the model.
    usual : float (P,)
        Logarithm of how far methods are expected to lie apart at each place, a standard deviation.
    """
    believe = _Belief(model, lucks, usual)
    at = believe.at(*_starts(believe, count, rng))
    for step in range(WARM + steps):
        at = at.or_better(believe.at(*_moved(at, rng)), rng)
        at = believe.at(replace(at.state, standings=_standings(model, at, rng)), at.sums)
        if step >= WARM:
            yield Chain(at.state, at.roots)


@dataclass(frozen=True, eq=False)
class _At:
    """States with the variance of each luck before what is none of it is taken off, (L, C), and how believed (C,)."""

    state: Behind
    sums: np.ndarray
    roots: np.ndarray
    logs: np.ndarray

    def or_better(self, other: _At, rng: np.random.Generator) -> _At:
        better = np.log(rng.random(len(self.logs))) < other.logs - self.logs
        ours, theirs, chosen = self.state, other.state, better[:, None]
        state = Behind(
            np.where(chosen, theirs.spreads, ours.spreads),
            np.where(better, theirs.reaches, ours.reaches),
            np.where(better, theirs.lucks, ours.lucks),
            np.where(chosen, theirs.standings, ours.standings),
        )
        roots = np.where(better[:, None, None], other.roots, self.roots)
        return _At(state, np.where(better, other.sums, self.sums), roots, np.where(better, other.logs, self.logs))


@dataclass(frozen=True, eq=False)
class _Belief:
    model: Model
    lucks: Sequence[Luck]
    usual: np.ndarray

    def at(self, state: Behind, sums: np.ndarray) -> _At:
        """Return how much states are believed, given the figures, lucks being what `sums` leave of them."""
        within = np.array([luck.within for luck in self.lucks]).reshape(-1, 1)
        state = replace(state, lucks=np.maximum(sums - within, 0.0))
        roots = np.linalg.cholesky(total(self.model, state))
        white = solved(roots, self.model.values[:, None])[..., 0]
        logs = -np.log(np.einsum("cnn->cn", roots)).sum(axis=1) - (white**2).sum(axis=1) / 2
        return _At(state, sums, roots, logs + self._before(state, sums))

    def _before(self, state: Behind, sums: np.ndarray) -> np.ndarray:
        """Return the logarithm of how much spreads and lucks are believed before the figures speak, (C,)."""
        places = len(self.usual)
        precision = np.linalg.inv(COMMON**2 * np.ones((places, places)) + OWN**2 * np.eye(places))
        far = state.spreads - self.usual
        found: np.ndarray = -np.einsum("cp,pq,cq->c", far, precision, far) / 2
        for luck, mine in zip(self.lucks, sums, strict=True):  # of the logarithm of a scaled inverse chi-square
            found = found - luck.freedom * (np.log(mine) + luck.variance / mine) / 2
        return found


def _starts(believe: _Belief, count: int, rng: np.random.Generator) -> tuple[Behind, np.ndarray]:
    """Return states around what the figures show, with the sums of their lucks."""
    model, lucks = believe.model, believe.lucks
    sums = np.array([luck.variance * luck.freedom / rng.chisquare(luck.freedom, TRIED) for luck in lucks])
    sums = np.maximum(sums.reshape(len(lucks), TRIED), 1e-12)
    middle = np.median(sums, axis=1) - [luck.within for luck in lucks]
    noise = model.images + np.diag(model.own)
    for size, pattern in zip(np.maximum(middle, 0.0), model.lucks, strict=True):
        noise = noise + size * pattern
    spreads, standings = _shown(model, noise, believe.usual)
    spreads = spreads + rng.standard_normal((TRIED, len(spreads))) @ _around(len(spreads)).T
    reaches = REACHES[rng.integers(len(REACHES), size=TRIED)]
    at = believe.at(Behind(spreads, reaches, sums, np.broadcast_to(standings, (TRIED, len(standings)))), sums)
    share = np.exp((at.logs - at.logs.max()) / 4)  # not all chains from the one that happens to fit best
    chosen = rng.choice(TRIED, count, p=share / share.sum())
    return Behind(spreads[chosen], reaches[chosen], sums[:, chosen], at.state.standings[chosen]), sums[:, chosen]


def _shown(model: Model, noise: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far most methods seem to lie apart at each place, a logarithm (P,), and each one's standing (M,)."""
    places, wide, far = model.shape[1], usual.copy(), np.zeros(model.shape)
    for place in range(places):
        mine = np.flatnonzero(model.cells % places == place)
        if (n := len(mine)) > 2:
            within = noise[np.ix_(mine, mine)]
            luck = float((np.trace(within) - within.sum() / n) / (n - 1))
            off = model.values[mine] - np.median(model.values[mine])
            most = (1.4826 * np.median(np.abs(off))) ** 2
            wide[place] = np.log(max(most - luck, luck / 4, 1e-8)) / 2
            far[model.cells[mine] // places, place] = off**2 / (max(most - luck, luck / 4, 1e-8) + luck)
    return wide, (TAILS * model.expected + far.sum(axis=1)) / (TAILS + places)


def _moved(at: _At, rng: np.random.Generator) -> tuple[Behind, np.ndarray]:
    """Return each state with other spreads, or with other lucks."""
    (count, places), lucks = at.state.spreads.shape, len(at.sums)
    these = np.asarray(rng.random(count) < (1 / 3 if lucks else 0))
    step = STEPS[rng.integers(len(STEPS), size=(count, 1))] / np.sqrt(places)
    spreads = at.state.spreads + step * (rng.standard_normal((count, places)) @ _around(places).T)
    other = rng.random(count) < 1 / 3
    reaches = np.where(other, REACHES[rng.integers(len(REACHES), size=count)], at.state.reaches)
    sums = at.sums * np.exp(JUMP * rng.standard_normal((lucks, count)))
    state = replace(
        at.state,
        spreads=np.where(these[:, None], at.state.spreads, spreads),
        reaches=np.where(these, at.state.reaches, reaches),
    )
    return state, np.where(these, sums, at.sums)


def _around(places: int) -> np.ndarray:
    """Return a root of how spreads are moved: most of it alike at all places."""
    return np.linalg.cholesky(0.5 * np.ones((places, places)) + 0.5 * np.eye(places))


def _standings(model: Model, at: _At, rng: np.random.Generator) -> np.ndarray:
    """Return standings, (C, M), given a draw of delta: an inverse chi-square each."""
    (methods, places), count = model.shape, len(at.logs)
    own = np.broadcast_to(model.own, (count, len(model.own)))
    delta = drawn(model, at.state, at.roots, own, 1, rng)[0].reshape(count, methods, places)
    wide = np.linalg.inv(at.state.covers(model.apart))
    far = np.einsum("cmp,cpq,cmq->cm", delta, wide, delta)
    found: np.ndarray = (TAILS * model.expected + far) / rng.chisquare(TAILS + places, (count, methods))
    return found
