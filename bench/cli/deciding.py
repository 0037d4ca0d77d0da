"""Running on until it is decided: seeds are added only where they can still change what is recommended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from textwrap import fill
from typing import TYPE_CHECKING

from bench.cli.options import say, tell
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.analysis.contest import Contest
    from bench.analysis.spots import Spot
    from bench.dataset import Task
    from bench.plan.config import Config
    from bench.plan.grid import Grid
    from bench.store.store import Store

STEP = 3  # seeds at a time
WIDTH = 100
ENDINGS = {
    "decided": "decided",
    "seeds": "the seeds that are still allowed (--max-seeds) would take too little of the doubt away",
    "images": "most of the doubt comes from the test images: more seeds would not settle it",
    "subset": "most of the doubt comes from the draw of the training images: more seeds would not settle it",
    "stage": "most of the doubt comes from the generators or translators: more seeds would not settle it",
    "": "open: what is in contention is not among the methods or places of this run",
}


def check_race(settings: Config, store: Store, grid: Grid, metric: str, most: int) -> None:
    """Refuse a race that could not be decided, before any fit; runs that `store` has count as those that are planned.

    Raises
    ------
    UserError
        There is no such metric, it decides nothing here, `most` is less than the tables' seeds or more than can be
        planned, or a dataset would not have two methods at a place, or two seeds.
    """
    from bench.analysis.recommending import deciding_metric
    from bench.plan.further_seeds import further_seeds

    if most < settings.run.seeds:
        raise UserError(f"--max-seeds {most} is less than the {settings.run.seeds} seeds that every method gets")
    places: dict[str, list[Task]] = {}
    for cell in grid.cells:
        places.setdefault(cell.dataset, []).append(cell.task)
    for name, tasks in places.items():
        deciding_metric(metric, tasks)
        _check_rivals(settings, store, grid, name)
    further_seeds(settings, (), (), STEP, most)


def _check_rivals(settings: Config, store: Store, grid: Grid, task: str) -> None:
    from bench.analysis.origins import Wish, origins_of
    from bench.analysis.spots import Spot
    from bench.analysis.trials import trials
    from bench.papers import shelf

    seeds: dict[Spot, set[int]] = {}
    for cell in grid.cells:
        if cell.dataset == task and cell.fit and not shelf.ablated(cell.method):
            seeds.setdefault(Spot(cell.method, task, cell.place), set()).add(cell.seed)
    if min(_most(seeds)) > 1:
        return
    origin = origins_of(settings, [store], Wish((task,), is_aside=shelf.ablated))[0][task]
    for spot, mine in trials(origin.grid, origin.records, lambda cell: not shelf.ablated(cell.method)).items():
        seeds.setdefault(spot, set()).update(it.seed for it in mine)
    methods, most = _most(seeds)
    if min(methods, most) < 2:
        raise UserError(
            f"{task}: --decide takes two methods at a place and two seeds, those that have runs among them: "
            f"methods {methods}, seeds {most}; ask for more with --method and --seeds"
        )


def _most(seeds: Mapping[Spot, Collection[int]]) -> tuple[int, int]:
    """Return how many methods a place has, and seeds a method, at most."""
    rivals = Counter(spot.place for spot in seeds)
    return max(rivals.values(), default=0), max(map(len, seeds.values()), default=0)


def decide(
    settings: Config, store: Store, metric: str, delta: float, most: int, perform: Callable[[Grid], None]
) -> None:
    """Add seeds to methods in contention until none gains by it, and say what is decided and what it rests on.

    It goes on from whatever records there are; those beyond the seeds of the tables never enter a table. `perform` does
    the fits of a grid.

    Raises
    ------
    UserError
        There is nothing to choose between.
    Exit
        A fit failed, as `perform` says.
    """
    from bench.plan.further_seeds import further_seeds

    while True:
        found = _contests(settings, store, metric, delta, most)
        wanted = {(it.task, it.place, method) for it in found for method in it.more}
        done = [id for id, it in store.summaries().items() if it.status == "done"]
        grid = further_seeds(settings, wanted, done, STEP, most)
        if not grid.jobs:
            break
        for it in found:
            say(_standing(it))
        perform(grid)
    _conclude(settings, store, found, metric, delta)


def _contests(settings: Config, store: Store, metric: str, delta: float, most: int) -> list[Contest]:
    from bench.analysis.contest import contests
    from bench.analysis.origins import Wish, origins_of
    from bench.papers import shelf

    asked = tuple(dict.fromkeys(settings.run.datasets))
    origins, _ = origins_of(settings, [store], Wish(asked, is_aside=shelf.ablated))
    return [it for name in asked for it in contests(origins[name], name, shelf.ablated, metric, delta, most)]


def _standing(it: Contest) -> str:
    """Say in a line how a race stands."""
    if not it.more:
        return f"{it.task} {it.place}: {ENDINGS[it.heat.ending]}"
    counts = {name: int(seeds) for name, seeds in zip(it.methods, it.seeds, strict=True)}
    rows = ", ".join(f"{name} ({counts[name]})" for name in it.more)
    return f"{it.task} {it.place}: not decided; {STEP} more seeds for {rows}"


def _conclude(settings: Config, store: Store, found: list[Contest], metric: str, delta: float) -> None:
    """Say of every place what is recommended, why no seed is added, and what all of it is conditional on."""
    from bench.analysis.origins import Wish, origins_of
    from bench.analysis.recommending import recommendations
    from bench.cli.advising import changed_runs
    from bench.papers import shelf
    from bench.report.recommended import plain_text, sentences

    asked = tuple(dict.fromkeys(settings.run.datasets))
    origins, _ = origins_of(settings, [store], Wish(asked, is_aside=shelf.ablated))
    for name in asked:
        advised = recommendations(origins[name], name, shelf.ablated, metric, delta)
        ends = {it.place: it for it in found if it.task == name}
        for it in advised.advice:
            race = ends[it.place.place]
            spent = f"{race.seeds.min()} to {race.seeds.max()} seeds a method"
            says = plain_text(tuple(sentences(it, advised, shelf.shown(name))))
            tell(fill(f"{name} {it.place.place}: {says} The race: {ENDINGS[race.heat.ending]}; {spent}.", WIDTH))
        tell(fill(f"{name}: {' '.join(advised.conditions)}", WIDTH) + "\n")
        for why in advised.alone.values():
            say(why)
        most = max((race.seeds.max() for race in ends.values()), default=0)
        for line in changed_runs(origins[name], name, advised.records, f"imbench run --seeds {most} --redo-stale"):
            say(line)
