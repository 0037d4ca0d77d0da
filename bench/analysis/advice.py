"""Advice: which method to take at a place, from the posterior of every true mean; it prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from bench.analysis.known import Known
from bench.analysis.metrics import METRICS, Reading, rarest
from bench.dataset import Task
from bench.statistics.decision import Recommendation, recommend
from bench.statistics.observed import Observed
from bench.statistics.posterior import image_excess, posterior, widened
from bench.statistics.settling import Settling, settling

DRAWS = 8192
SAME = 1e-9  # between figures that were computed from the same decisions
ENDS = (0.05, 0.95)  # of the intervals
OF_RANKING = frozenset(("roc_auc", "average_precision"))  # figures of a fit, however a row decides by it


@dataclass(frozen=True)
class Belief:
    """What is believed of a number, such as a true mean: its mean, and ends that hold it with probability 0.9."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Contender:
    """One method at a place.

    Attributes
    ----------
    beliefs
        By metric: the one that decides, and those beside it.
    regret, best, near
        Expected loss against the best; probability of being it, and of lying within delta of it.
    loses, most
        What it loses against the best lies above the one, and below the other, with probability 0.95 each.
    cost
        Operations to train it, its share of the stages included; infinite where not known.
    runs
        Behind it, at this place, on whatever subset and stage.
    records
        Their ids.
    """

    method: str
    beliefs: Mapping[str, Belief]
    regret: float
    best: float
    near: float
    loses: float
    most: float
    cost: float
    runs: int
    records: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Advice:
    """What to take at one place, in one metric.

    Attributes
    ----------
    methods
        Those that have a run here, the best first: by expected regret.
    scale, always
        What a decision that always names the rarest class gets, by metric; and what it loses: below 0, it is ahead.
    settled
        Finds what would end the doubt, in seconds; None where there is none.
    """

    place: Task
    metric: str
    delta: float
    found: Recommendation
    methods: tuple[Contender, ...]
    choice: Contender
    among: tuple[Contender, ...]
    scale: Mapping[str, float]
    always: Belief
    settled: Callable[[], Settling] | None

    @cached_property
    def settle(self) -> Settling | None:
        """What would end the doubt; None where there is none. Found when first asked for."""
        return self.settled and self.settled()


def advise(
    deciding: Known,
    beside: Sequence[Known],
    costs: Mapping[tuple[str, str], float],
    records: Mapping[tuple[str, str], tuple[str, ...]],
    labels: np.ndarray,
    delta: float,
) -> list[Advice]:
    """Decide at every place where two methods or more have runs.

    Parameters
    ----------
    deciding, beside
        What is known in the metric that decides, and in others that are shown; same rows and places.
    costs, records
        Operations of a training, and ids of the runs, by method and place.
    labels : int (I,)
        Of the test images.
    delta
        The difference that nobody would care about.

    Raises
    ------
    ValueError
        No method has two seeds, so that nothing is known of their luck.
    """
    draws = {it.metric.name: bounded_draws(it) for it in (deciding, *beside)}
    for name in OF_RANKING & draws.keys():
        share_fits(draws[name], deciding, records)
    for it in (deciding, *beside):
        share_equal(draws[it.metric.name], it)
    found, excess = [], image_excess(deciding.observed)
    for p, place in enumerate(deciding.places):
        if len(there := deciding.there(p)) > 1:
            scale = always_rarest(place, labels, list(draws))
            found.append(_at(deciding, p, there, draws, excess[p], costs, records, scale, delta))
    return found


def _at(
    deciding: Known,
    p: int,
    there: np.ndarray,
    draws: Mapping[str, np.ndarray],
    excess: np.ndarray,
    costs: Mapping[tuple[str, str], float],
    records: Mapping[tuple[str, str], tuple[str, ...]],
    scale: Mapping[str, float],
    delta: float,
) -> Advice:
    place, metric = deciding.places[p], deciding.metric.name
    names = [deciding.rows[m].method for m in there]
    spent = np.array([costs.get((name, place.place), np.inf) for name in names])
    alike = alike_costs(spent)
    mine = draws[metric][:, there, p]
    found = recommend(mine, alike, delta)
    more = excess[there[int(mine.mean(axis=0).argmax())], there]
    behind = mine.max(axis=1, keepdims=True) - mine
    behind = np.stack([widened(each, float(own)) for each, own in zip(behind.T, more, strict=True)], axis=1)
    loses, most = np.maximum(np.quantile(behind, ENDS, axis=0), 0)
    methods = []
    for k, (m, name) in enumerate(zip(there, names, strict=True)):
        beliefs = {it: belief(each[:, m, p] * (-1 if METRICS[it].lower_is_better else 1)) for it, each in draws.items()}
        ids = records.get((name, place.place), ())
        chances = (float(found.regret[k]), float(found.best[k]), float(found.near[k]), float(loses[k]), float(most[k]))
        methods.append(Contender(name, beliefs, *chances, float(spent[k]), len(ids), ids))
    settled = None
    if found.outcome == "unknown":
        settled = partial(settling, deciding.observed, p, there, there[list(found.among)], alike, delta)
    order = np.argsort(found.regret, kind="stable")
    among = sorted(found.among, key=lambda k: found.regret[k])
    return Advice(
        place,
        metric,
        delta,
        found,
        tuple(methods[k] for k in order),
        methods[found.choice],
        tuple(methods[k] for k in among),
        scale,
        belief(mine.max(axis=1) - deciding.sign * scale[metric]),
        settled,
    )


def share_fits(draws: np.ndarray, known: Known, records: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Give rows that read the same fits the same draws (D, M, P) of a figure that asks for no decision."""
    for p, place in enumerate(known.places):
        first: dict[tuple[str, ...], int] = {}
        for m, row in enumerate(known.rows):
            if ids := records.get((row.method, place.place)):
                draws[:, m, p] = draws[:, first.setdefault(ids, m), p]


def share_equal(draws: np.ndarray, known: Known) -> None:
    """Give rows with the same figures about the same images, run for run, one row's draws (D, M, P): the first's.

    Where all classes have as many images, weights of one and nothing to resample leave the same network.
    """
    for p in range(len(known.places)):
        first: list[int] = []
        for m in map(int, known.there(p)):
            if (twin := next((it for it in first if _equal(known.observed, it, m, p)), None)) is None:
                first.append(m)
            else:
                draws[:, m, p] = draws[:, twin, p]


def _equal(seen: Observed, a: int, b: int, place: int) -> bool:
    """Return whether two rows have the same mean, scatter and number of runs at a place, and err on the same images."""
    cells = np.array([a, b]) * seen.means.shape[1] + place
    pair = seen.images[np.ix_(cells, cells)]
    spans = [np.ptp(it[[a, b], place]) for it in (seen.means, seen.variances, seen.seeds)]
    return max(spans) <= SAME and bool(np.ptp(pair) <= SAME * pair.max())


def alike_costs(spent: Iterable[float]) -> np.ndarray:
    """Return costs to two digits: a few per cent are no reason to choose by."""
    return np.array([float(f"{cost:.2g}") for cost in spent])


def bounded_draws(it: Known) -> np.ndarray:
    """Return draws of the true means, more being better, none beyond the figure's bounds; the same every time."""
    draws = posterior(it.observed, DRAWS, np.random.default_rng(0))
    return np.clip(draws, min(0, it.sign), max(0, it.sign)) if it.metric.bounded else draws


def belief(draws: np.ndarray) -> Belief:
    """Return the mean of draws, and ends that hold it with probability 0.9."""
    low, high = np.quantile(draws, ENDS)
    return Belief(float(draws.mean()), float(low), float(high))


def always_rarest(place: Task, labels: np.ndarray, metrics: Sequence[str]) -> dict[str, float]:
    """Return the figures of a decision that names the rarest class whatever it sees."""
    counts = np.asarray(place.counts)
    said = np.tile(np.eye(len(counts))[rarest(counts)], (len(labels), 1))
    return {name: METRICS[name].of(Reading(labels, said, said, counts)) for name in metrics}
