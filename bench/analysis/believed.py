"""Believed: draws of every method's true mean, also with thresholds tuned alike, so that better networks show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bench.analysis.advice import (
    OF_RANKING,
    alike_costs,
    always_rarest,
    belief,
    bounded_draws,
    share_equal,
    share_fits,
)
from bench.analysis.baseline import plain
from bench.analysis.experiments import costs
from bench.analysis.known import Known
from bench.analysis.metrics import headline, rarest
from bench.analysis.origins import Origin
from bench.analysis.recommending import DELTA, Ready, readied
from bench.analysis.spots import Spot
from bench.analysis.trials import Trial
from bench.dataset import Task
from bench.errors import UserError
from bench.expression import Expression
from bench.record import Predictions, Record
from bench.statistics.cutting import best_cut, recut
from bench.statistics.decision import SURE, Recommendation, recommend
from bench.statistics.posterior import image_excess, widened

ACSA, AUC, TUNED = "acsa", "roc_auc", "acsa, tuned"
OF_FITS = OF_RANKING | {TUNED}  # whatever threshold a row decides by
Effect = Literal["helps", "harms", "does nothing", "not known"]


@dataclass(frozen=True, eq=False)
class Believed:
    """What is believed of M methods at P places of a dataset.

    Attributes
    ----------
    staged
        The methods that rest on a generator or translator.
    places
        Those with runs, the most imbalanced first.
    headline
        The metric that a summary speaks of.
    draws : float (D, M, P) by metric
        More is better. `TUNED` is the ACSA with each fit's threshold where the validation images have it; it is of two
        classes only.
    excess : float (P, M, M) by metric
        What two methods' own images add to the variance of their difference.
    records
        Ids of the runs, by method and place.
    costs
        Operations of a training, its share of stages included, likewise.
    seen
        By metric: mean over the seeds on the first subset and stage, on all test images, likewise.
    always
        The headline of a decision that names the rarest class whatever it sees, by place.
    redrawn
        The rows that were run on several draws of the training images; None where every seed has a draw of its own.
    extended
        Whether the images of a further test part are among those that all of it rests on.
    """

    methods: tuple[str, ...]
    staged: frozenset[str]
    places: tuple[Task, ...]
    headline: str
    draws: Mapping[str, np.ndarray]
    excess: Mapping[str, np.ndarray]
    records: Mapping[tuple[str, str], tuple[str, ...]]
    costs: Mapping[tuple[str, str], float]
    seen: Mapping[str, Mapping[tuple[str, str], float]]
    always: Mapping[str, float]
    redrawn: tuple[str, ...] | None
    extended: bool

    def at(self, place: str) -> tuple[str, ...]:
        """Return the methods that have a run at a place."""
        return tuple(method for method in self.methods if self.records.get((method, place)))

    def mean(self, metric: str, method: str, place: str) -> np.ndarray:
        """Return the draws of a true mean, float (D,)."""
        labels = [it.place for it in self.places]
        found: np.ndarray = self.draws[metric][:, self.methods.index(method), labels.index(place)]
        return found

    def gain(self, metric: str, method: str, place: str, over: str = "") -> np.ndarray:
        """Return the draws of a difference of true means, float (D,); `over` is the baseline if not named.

        It is exactly zero where both read the same fits and the metric does not depend on how they decide.
        """
        over, mine = over or plain(), self.mean(metric, method, place)
        if metric in OF_FITS and self.records[method, place] == self.records[over, place]:
            return np.zeros(len(mine))
        p, m, other = [it.place for it in self.places].index(place), *map(self.methods.index, (method, over))
        return widened(mine - self.mean(metric, over, place), float(self.excess[metric][p, m, other]))

    def best(self, place: str, among: tuple[str, ...]) -> str:
        """Return the method with the highest believed mean in the headline, of those named."""
        return max(among, key=lambda method: float(self.mean(self.headline, method, place).mean()))

    def taken(self, place: str) -> tuple[str, Recommendation]:
        """Return the method that a recommendation takes: of those that are as good, the cheapest; and all it says."""
        there = self.at(place)
        spent = alike_costs(self.costs.get((method, place), np.inf) for method in there)
        found = recommend(self._of(there, place), spent, DELTA)
        return there[found.choice], found

    def _of(self, methods: tuple[str, ...], place: str) -> np.ndarray:
        return np.stack([self.mean(self.headline, method, place) for method in methods], axis=1)

    def regrets(self, place: str) -> dict[str, float]:
        """Return what taking each method is expected to lose against the best in the headline."""
        there = self.at(place)
        draws = self._of(there, place)
        return dict(zip(there, (draws.max(axis=1, keepdims=True) - draws).mean(axis=0).tolist(), strict=True))

    def best_mean(self, place: str) -> float:
        """Return what is expected of the best method of a place, whichever it is."""
        return float(self._of(self.at(place), place).max(axis=1).mean())

    def beats_always(self, method: str, place: str) -> bool:
        """Return whether a method surely lies above a decision that always names the rarest class."""
        return surely(self.mean(self.headline, method, place) - self.always[place])

    def trails_always(self, method: str, place: str) -> bool:
        """Return whether a method surely lies below a decision that always names the rarest class."""
        return surely(self.always[place] - self.mean(self.headline, method, place))


def believed(origin: Origin, task: str, is_aside: Callable[[str], object]) -> Believed:
    """Read the records of a dataset.

    Raises
    ------
    UserError
        There are fewer than two methods with runs, or no method has two seeds.
    """
    ready = readied(origin, task, is_aside)
    places, main = ready.places, headline(len(ready.places[0].classes))
    every = ready.known_of(tuple(dict.fromkeys((main, ACSA, AUC))))
    if len(places[0].classes) == 2 and (recut_runs := _tuned(ready)):
        every[TUNED] = recut_runs.known(ACSA)
    try:
        draws = {name: bounded_draws(it) for name, it in every.items()}
        excess = {name: image_excess(it.observed) for name, it in every.items()}
    except ValueError as error:
        raise UserError(f"{task}: {error}") from None
    spent = costs(origin.grid, origin.records.get)
    names = tuple(it.method for it in ready.entrants)
    ids = {(spot.method, spot.place): tuple(it.record.id for it in mine) for spot, mine in ready.found.items()}
    for name, it in every.items():
        if name in OF_FITS:
            share_fits(draws[name], it, ids)
        share_equal(draws[name], it)
    return Believed(
        names,
        frozenset(it.method for it in ready.entrants if it.staged),
        tuple(places),
        main,
        draws,
        excess,
        ids,
        {(spot.method, spot.place): cost for spot, cost in spent.items()},
        {name: _seen(it, names, places) for name, it in every.items()},
        {place.place: always_rarest(place, ready.labels, [main])[main] for place in places},
        None if every[main].drawn_by_seed else every[main].subset,
        ready.extended,
    )


def _seen(known: Known, names: Sequence[str], places: Sequence[Task]) -> dict[tuple[str, str], float]:
    means = known.sign * known.observed.means
    return {(names[m], places[p].place): float(means[m, p]) for m, p in np.argwhere(np.isfinite(means)).tolist()}


def surely(difference: np.ndarray) -> bool:
    """Say whether a difference lies above zero: the ends that hold it with probability 0.9 do."""
    return belief(difference).low > 0


def effect(gain: np.ndarray, delta: float = DELTA) -> Effect:
    """Say what a method does, from draws of what it gains: nothing, if less than delta with probability 0.9."""
    if float((np.abs(gain) <= delta).mean()) >= SURE:
        return "does nothing"
    return "helps" if surely(gain) else "harms" if surely(-gain) else "not known"


def _tuned(ready: Ready) -> Ready | None:
    """Return the same runs with the threshold of each where its validation images have it; rows then decide plainly."""
    found: dict[Spot, list[Trial]] = {}
    for spot, mine in ready.found.items():
        moved = [record for it in mine if (record := _at_best(it.record))]
        if len(moved) < len(mine):
            return None
        found[spot] = [replace(it, record=record) for it, record in zip(mine, moved, strict=True)]
    decides = Expression.parse(plain())
    return replace(ready, found=found, entrants=[replace(it, expression=decides) for it in ready.entrants])


def _at_best(record: Record) -> Record | None:
    """Return a record whose test probabilities lie above 0.5 where they lay above the threshold; None without one."""
    if record.test is None or record.validation is None:
        return None
    rare, validation = rarest(record.identity["counts"]), record.validation
    positive = validation.labels == rare
    if positive.all() or not positive.any():
        return None
    moved = recut(
        record.test.probabilities.array()[:, rare], best_cut(positive, validation.probabilities.array()[:, rare])
    )
    columns = [moved if k == rare else 1 - moved for k in (0, 1)]
    return record.model_copy(update={"test": Predictions.of(record.test.labels, np.stack(columns, axis=1))})
