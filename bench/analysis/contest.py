"""Contest: how the race for a decision stands at every place of a dataset, from the records so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.analysis.advice import alike_costs, bounded_draws
from bench.analysis.experiments import costs
from bench.analysis.origins import Origin
from bench.analysis.recommending import deciding_metric, readied
from bench.analysis.spots import Spot
from bench.errors import UserError
from bench.statistics.racing import Heat, heat


@dataclass(frozen=True, eq=False)
class Contest:
    """The race at one place.

    Attributes
    ----------
    methods
        Those that have a run there.
    seeds : int (M,)
        Of each, on the first subset and stage.
    heat
        How it stands; by index of `methods`.
    """

    task: str
    place: str
    methods: tuple[str, ...]
    seeds: np.ndarray
    heat: Heat

    @property
    def more(self) -> tuple[str, ...]:
        """Methods that deserve another seed."""
        return tuple(self.methods[m] for m in self.heat.more)


def contests(
    origin: Origin, task: str, is_aside: Callable[[str], object], metric: str, delta: float, most: int
) -> tuple[Contest, ...]:
    """Return the race at each place where two methods or more have runs, as `bench.analysis.recommending` decides.

    Raises
    ------
    UserError
        There are fewer than two methods with runs, or no method has two seeds, or the metric is none of this dataset's.
    """
    ready = readied(origin, task, is_aside)
    known = ready.known(deciding_metric(metric, ready.places))
    spent = costs(origin.grid, origin.records.get)
    try:
        draws = bounded_draws(known)
    except ValueError as error:
        raise UserError(f"{task}: {error}") from None
    found = []
    for p, place in enumerate(known.places):
        if len(there := known.there(p)) < 2:
            continue
        names = tuple(known.rows[m].method for m in there)
        each = alike_costs([spent.get(Spot(name, task, place.place), np.inf) for name in names])
        stands = heat(known.observed, p, there, draws[:, there, p], each, delta, most)
        found.append(Contest(task, place.place, names, known.observed.seeds[there, p], stands))
    return tuple(found)
