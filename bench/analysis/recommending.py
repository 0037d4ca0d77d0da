"""Recommending: from a dataset's records to the method to take at each place, and what that is conditional on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.advice import Advice, advise
from bench.analysis.conditions import conditions
from bench.analysis.experiments import costs
from bench.analysis.known import Entrant, Known, known
from bench.analysis.metrics import METRICS, headline
from bench.analysis.origins import Origin
from bench.analysis.spots import Spot
from bench.analysis.trials import Trial, on_all_images, seeds_draw_subsets, trials
from bench.analysis.unchosen import single_run, unrivalled
from bench.dataset import Task
from bench.errors import UserError, unknown
from bench.plan.grid import Cell
from bench.record import Record

BESIDE = ("roc_auc", "acsa")  # stand beside whatever decides: most of what methods gain may be a moved threshold
DELTA = 0.01
NOT_RUN = "not run here"


@dataclass(frozen=True, eq=False)
class Advised:
    """What to take of a dataset's methods, place by place.

    Attributes
    ----------
    advice
        One for each place where two methods or more have runs, the most imbalanced first; there is one at least.
    alone
        At each other place with runs: why nothing can be chosen there, and what to run.
    conditions
        Lines that say what all of it is conditional on.
    lacking
        Lines, by place, that name methods without runs there, or with fewer than were asked for.
    images
        Test images of each class, and whether those of a further test part are among them.
    records
        Ids of all that it rests on.
    """

    task: str
    advice: tuple[Advice, ...]
    alone: Mapping[Task, str]
    conditions: tuple[str, ...]
    lacking: Mapping[str, tuple[str, ...]]
    images: tuple[int, ...]
    extended: bool
    records: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ready:
    """The runs of a dataset's rows that compete, on all test images, at the places that have any.

    `single` has, for places where no row has two runs and nothing is known of luck, a sentence that says so.
    """

    cells: list[Cell]
    found: Mapping[Spot, list[Trial]]
    entrants: list[Entrant]
    places: list[Task]
    extended: bool
    by_seed: bool
    single: Mapping[Task, str]

    @property
    def labels(self) -> np.ndarray:
        """Labels of the test images, int (I,): the same in all runs of a place."""
        record = next(it.record for mine in self.found.values() for it in mine)
        assert record.test is not None
        return record.test.labels

    def known(self, metric: str) -> Known:
        """Return what they show of one metric."""
        return self.known_of((metric,))[metric]

    def known_of(self, metrics: Sequence[str]) -> dict[str, Known]:
        """Return what they show of each of several metrics, in their order."""
        return known(metrics, self.entrants, self.places, self.found, self.by_seed)


def readied(origin: Origin, task: str, is_aside: Callable[[str], object]) -> Ready:
    """Read the runs of a dataset's records.

    Raises
    ------
    UserError
        There are fewer than two methods with runs, or runs of a place were judged on other images than the others.
    """
    cells = [cell for cell in origin.grid.cells if not is_aside(cell.method)]
    found = trials(origin.grid, origin.records, lambda cell: not is_aside(cell.method))
    extended = all(it.record.extended is not None for mine in found.values() for it in mine)
    if extended:
        found = _on_all_images(found)
    _on_the_same_images(found)
    run = {(spot.task, spot.place) for spot in found}
    places = list({cell.place: cell.task for cell in cells if (cell.dataset, cell.place) in run}.values())
    places.sort(key=lambda it: (min(it.counts), -max(it.counts)))
    several = {spot.place for spot, mine in found.items() if len(mine) > 1}
    single = {it: single_run(it) for it in places if several and it.place not in several}
    places = [it for it in places if it not in single]
    found = {spot: mine for spot, mine in found.items() if not several or spot.place in several}
    entrants = _entrants(cells, found)
    if len(entrants) < 2:
        more = f"`imbench run --dataset {task}` makes those of others"
        raise UserError(f"{task}: there is nothing to choose between: {len(entrants)} method has runs; {more}")
    return Ready(cells, found, entrants, places, extended, seeds_draw_subsets(origin.grid), single)


def recommendations(
    origin: Origin,
    task: str,
    is_aside: Callable[[str], object] = lambda method: "",
    metric: str = "",
    delta: float = DELTA,
    spent: Mapping[Spot, float] | None = None,
) -> Advised:
    """Decide at every place of a dataset.

    Parameters
    ----------
    is_aside
        Whether a method is an ablation, which does not compete.
    metric
        What decides; "": F1 of the minority of two classes, else the ACSA.
    delta
        The difference that nobody would care about.
    spent
        What `bench.analysis.experiments.costs` says, where that is known already.

    Raises
    ------
    UserError
        There are fewer than two methods with runs at any place, or no method has two seeds, or the metric is none of
        this dataset's.
    """
    ready = readied(origin, task, is_aside)
    cells, found, places = ready.cells, ready.found, ready.places
    metric = deciding_metric(metric, places)
    every = list(ready.known_of((metric, *(name for name in BESIDE if name != metric))).values())
    ids = {(spot.method, spot.place): tuple(it.record.id for it in mine) for spot, mine in found.items()}
    spent = costs(origin.grid, origin.records.get) if spent is None else spent
    operations = {(spot.method, spot.place): cost for spot, cost in spent.items()}
    try:
        advice = advise(every[0], every[1:], operations, ids, ready.labels, delta)
    except ValueError as error:
        raise UserError(f"{task}: {error}") from None
    alone = {**unrivalled(every[0]), **ready.single}
    if not advice:
        raise UserError("; ".join(alone.values()))
    return Advised(
        task,
        tuple(advice),
        alone,
        tuple(conditions(every[0], ready.labels)),
        {place.place: tuple(_lacking(place, cells, found)) for place in places},
        tuple(np.bincount(ready.labels).tolist()),
        ready.extended,
        tuple(sorted({id for mine in ids.values() for id in mine})),
    )


def settled(advised: Advised) -> Advised:
    """Return it with what would end each doubt, which takes seconds, found already."""
    for each in advised.advice:
        _ = each.settle
    return advised


def _on_the_same_images(found: Mapping[Spot, list[Trial]]) -> None:
    labels: dict[str, np.ndarray] = {}
    for spot, mine in found.items():
        for it in mine:
            assert it.record.test is not None
            if not np.array_equal(labels.setdefault(spot.place, it.record.test.labels), it.record.test.labels):
                raise UserError(
                    f"record {it.record.id}: its test images are not those of the others of {spot.task} {spot.place}"
                )


def _entrants(cells: list[Cell], found: Mapping[Spot, list[Trial]]) -> list[Entrant]:
    run = {spot.method for spot in found}
    staged = {cell.method for cell in cells if cell.stages}
    rows = {cell.method: cell.expression for cell in cells if cell.method in run}
    return [Entrant(method, expression, method in staged) for method, expression in rows.items()]


def deciding_metric(name: str, places: list[Task]) -> str:
    name = name or headline(len(places[0].classes))
    if name not in METRICS:
        raise UserError(unknown("metric", name, METRICS))
    if reasons := {METRICS[name].supports(place.counts) for place in places} - {""}:
        raise UserError(f"{places[0].dataset}: {name} decides nothing here: {' or '.join(sorted(reasons))}")
    return name


def _on_all_images(found: Mapping[Spot, list[Trial]]) -> dict[Spot, list[Trial]]:
    whole: dict[str, Record] = {}
    for mine in found.values():
        whole |= {it.record.id: on_all_images(it.record) for it in mine if it.record.id not in whole}
    return {spot: [_of(it, whole[it.record.id]) for it in mine] for spot, mine in found.items()}


def _of(trial: Trial, record: Record) -> Trial:
    return replace(trial, record=record)


def _lacking(place: Task, cells: list[Cell], found: Mapping[Spot, list[Trial]]) -> Iterator[str]:
    asked: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.place == place.place and not cell.translator:
            asked.setdefault(cell.method, []).append(cell)
    for method, mine in asked.items():
        runs = found.get(Spot(method, place.dataset, place.place), [])
        seeds = {it.seed for it in runs if not it.stage}
        if reason := mine[0].not_applicable:
            yield f"{method}: not applicable: {reason}"
        elif not runs:
            yield f"{method}: {NOT_RUN}"
        elif len(seeds) < len(mine):
            yield f"{method}: {len(seeds)} of {len(mine)} seeds"
