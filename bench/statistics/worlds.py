"""Worlds: synthetic stores with more seeds than anybody runs, and truths that no posterior assumes.

The decisions about single images are those of `bench.statistics.synthetic`. What a world adds: methods that differ, by
how much told by the spread of the reference records; a subset and, for some methods, stages that all seeds share; runs
that were made to learn how much these vary. `KINDS` says where the truth departs from what a posterior takes it to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.statistics.confusion import f1, f1_measure
from bench.statistics.levels import Varied, covariance, lucks, pooled_luck, sizes
from bench.statistics.observed import Luck, Observed
from bench.statistics.outcomes import Outcomes
from bench.statistics.spread import centred
from bench.statistics.synthetic import COLUMNS, IMAGES, METHODS, difficulty

MOST_SEEDS = 30
POSITIONS = np.log2([float(column.name) for column in COLUMNS])
SPREADS = np.array([0.05, 0.015, 0.012, 0.006])  # of true means between methods at each place, luck taken away
REACH = 2.0  # over which a method's standing changes, in units of log2 of the smallest count
STAGED = (11, 12, 13)  # methods that need a stage
SUBSET, STAGE = 0.01, 0.025  # standard deviations of their luck at the smallest count
ELSEWHERE = np.array([1.0, 0.6, 0.6, 0.6])  # as a part of that: less than there, but by less than seeds scatter less
BAD, BAD_SHARE = -0.1, 1 / 12  # what a failed stage does, and how many fail where some do
TRIED = 3  # subsets at the smallest count, of three methods, and stages of those that need one
OF_EACH = 5  # seeds of each
TRUTH_DRAWS = 2000


@dataclass(frozen=True)
class Kind:
    """How a world departs from what a posterior assumes.

    Attributes
    ----------
    tails, seed_tails
        Degrees of freedom of Student's distribution that a method's standing, and the luck of a seed, come from.
    restless
        Standard deviation of the logarithm of a method's factor on its spread over seeds.
    failing
        Whether a twelfth of all stages fail.
    shared
        Whether there is any luck that all seeds share.
    spread
        What the spread of true means between methods is multiplied by.
    """

    name: str
    tails: float = np.inf
    seed_tails: float = np.inf
    restless: float = 0.0
    failing: bool = False
    shared: bool = True
    spread: float = 1.0


KINDS = (
    Kind("as assumed"),
    Kind("heavy tails", tails=2.0, seed_tails=3.0),
    Kind("unequal scatter", restless=0.6),
    Kind("bad stages", failing=True),
    Kind("all of these", 2.0, 3.0, 0.6, True),
)
# Methods that differ by little more or less than what nobody would care about, as rows on a frozen body do.
TIES = Kind("near ties", shared=False, spread=0.25)


@dataclass(frozen=True)
class World:
    """A store whose truth is known; M methods, P places, S seeds, I test images.

    Attributes
    ----------
    true : float (M, P)
        F1 of the minority, expected over seeds, images, subsets and stages.
    figures : float (M, P, S)
        The same of every run.
    influences : float (M, P, S, I)
        What each image adds to it, as `bench.statistics.levels.covariance` takes it.
    labels : int (I,)
    subset, stage
        What the runs that vary them tell of their luck.
    """

    kind: Kind
    true: np.ndarray
    figures: np.ndarray
    influences: np.ndarray
    labels: np.ndarray
    subset: Luck | None
    stage: Luck

    def observed(self, seeds: np.ndarray) -> Observed:
        """Return what is known after the first so many seeds, int (M, P), of each method at each place."""
        methods, places, _, _ = self.influences.shape
        cells = [(m, p) for m in range(methods) for p in range(places)]
        runs = [self.figures[m, p, : seeds[m, p]] for m, p in cells]
        means, variances = (
            np.reshape(it, seeds.shape) for it in ([x.mean() for x in runs], [x.var(ddof=1) for x in runs])
        )
        images = covariance(
            [self.influences[m, p, : seeds[m, p]] for m, p in cells], np.array([place for _, place in cells])
        )
        stages = dict.fromkeys(STAGED, self.stage)
        return Observed(means, variances, seeds, images, POSITIONS, self.subset, stages, sizes=sizes(variances, 0))


def world(kind: Kind, seed: int, standing: np.ndarray | None = None) -> World:
    """Return one store; same kind and seed, same store.

    Parameters
    ----------
    standing : float (M, P)
        By how much each method's true ACSA lies above the place's; drawn where it is not given.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind) if kind in KINDS else len(KINDS)])
    labels, own = np.repeat([0, 1], IMAGES), rng.standard_normal(2 * IMAGES)
    drawn, factors = _standing(kind, rng), np.exp(kind.restless * rng.standard_normal(METHODS))
    standing = drawn if standing is None else standing
    subset = kind.shared * SUBSET * rng.standard_normal((METHODS, len(COLUMNS))) * ELSEWHERE
    stage = (
        kind.shared
        * _stages(kind, (METHODS, len(COLUMNS)), rng, ELSEWHERE)
        * np.isin(np.arange(METHODS), STAGED)[:, None]
    )
    failed = BAD * BAD_SHARE * kind.failing * np.isin(np.arange(METHODS), STAGED)
    true, runs = [], []
    for p, column in enumerate(COLUMNS):
        sds, shape = factors[:, None] * np.array(column.sds), _cholesky(column.correlation)
        typical = _luck(kind, (1, TRUTH_DRAWS, 2), rng) @ shape.T  # one for all methods: their differences are exact
        recalls = stats.norm.cdf(
            _centres(column.recalls, standing[:, p] + failed, sds)[:, None] + sds[:, None] * typical
        )
        true.append(f1(_confusion(recalls), 1).mean(axis=1))
        thresholds = _centres(column.recalls, standing[:, p] + subset[:, p] + stage[:, p], sds)[:, None]
        thresholds = thresholds + sds[:, None] * (_luck(kind, (METHODS, MOST_SEEDS, 2), rng) @ shape.T)
        right = difficulty(column, own, labels, MOST_SEEDS, rng) < thresholds[:, :, labels]
        names = tuple(f"method {m}" for m in range(METHODS))
        decisions = np.where(right, labels, 1 - labels)
        runs.append(Outcomes(column.name, names, labels, decisions, measures=(f1_measure("f1", 1),)).runs())
    figures = np.stack([it.figures[0] for it in runs], axis=1)
    influences = np.stack([it.influences[0] for it in runs], axis=1)
    for k in (0, 1):
        influences[..., labels == k] = centred(influences[..., labels == k], -1) * (IMAGES / (IMAGES - 1)) ** 0.5
    seeds = figures[:, 0, :OF_EACH].var(axis=1, ddof=1)
    shown = _subset_luck(seeds, rng), _stage_luck(kind, seeds, rng)
    return World(kind, np.stack(true, axis=1), figures, influences, labels, *shown)


def _standing(kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Return by how much each method's true ACSA lies above the place's, (M, P)."""
    apart = np.abs(POSITIONS[:, None] - POSITIONS)
    root = np.linalg.cholesky(np.exp(-apart / REACH))
    standing: np.ndarray = rng.standard_normal((METHODS, len(POSITIONS))) @ root.T * SPREADS
    standing *= kind.spread * _tails(kind.tails, (METHODS, 1), rng)
    return standing


def _tails(freedom: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return factors that turn normal variables into Student's with that freedom."""
    return np.ones(shape) if np.isinf(freedom) else np.sqrt(freedom / rng.chisquare(freedom, shape))


def _luck(kind: Kind, shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the luck of seeds with both classes, of variance 1."""
    normal: np.ndarray = rng.standard_normal(shape) * _tails(kind.seed_tails, (*shape[:2], 1), rng)
    return normal if np.isinf(kind.seed_tails) else normal * np.sqrt(1 - 2 / kind.seed_tails)


def _stages(kind: Kind, shape: tuple[int, ...], rng: np.random.Generator, size: np.ndarray | float = 1.0) -> np.ndarray:
    luck: np.ndarray = size * STAGE * rng.standard_normal(shape) + BAD * kind.failing * (rng.random(shape) < BAD_SHARE)
    return luck


def _centres(recalls: tuple[float, float], above: np.ndarray, sds: np.ndarray) -> np.ndarray:
    """Return the thresholds, (M, 2), whose expected recalls lie above the place's by so much (M,), in proportion."""
    wanted = np.clip(np.array(recalls) * (1 + above[:, None] / np.mean(recalls)), 0.02, 0.985)
    centres: np.ndarray = stats.norm.ppf(wanted) * np.sqrt(1 + sds**2)
    return centres


def _cholesky(correlation: float) -> np.ndarray:
    return np.linalg.cholesky(np.array([[1.0, correlation], [correlation, 1.0]]))


def _confusion(recalls: np.ndarray) -> np.ndarray:
    """Return the confusion matrices (..., 2, 2) of as many images of either class, given recalls (..., 2)."""
    other = 1 - recalls
    rows = [[recalls[..., 0], other[..., 0]], [other[..., 1], recalls[..., 1]]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _subset_luck(variances: np.ndarray, rng: np.random.Generator) -> Luck | None:
    """Return what three methods on three subsets tell of the luck that they do not share."""
    return lucks([_varied(SUBSET * rng.standard_normal(TRIED), it, rng) for it in variances[:3]])[1]


def _stage_luck(kind: Kind, variances: np.ndarray, rng: np.random.Generator) -> Luck:
    """Return what three stages of each method that needs one tell of their luck."""
    return pooled_luck([_varied(_stages(kind, (TRIED,), rng), variances[m], rng) for m in STAGED])


def _varied(luck: np.ndarray, variance: float, rng: np.random.Generator) -> Varied:
    """Return what the runs of one method show that vary a source: five seeds of each draw of it."""
    seeds = np.full(len(luck), OF_EACH)
    return Varied(luck + np.sqrt(variance / seeds) * rng.standard_normal(len(luck)), seeds, float(variance))
