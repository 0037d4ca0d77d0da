"""Gather: choose the records of a report, make its frames, and compare its methods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bench.analysis.columns import columns
from bench.analysis.cut import cut_to
from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame, with_alike
from bench.analysis.lone import Labels, lone_grid
from bench.analysis.measured import measured
from bench.analysis.spelled import known_row, spelled_row
from bench.analysis.spots import Place
from bench.dataset import Imbalance, vector
from bench.errors import ConfigError, DataError, StoreError, UserError
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.grid import Grid, build_grid, dataset_named, workshops
from bench.plan.identity import protocol_identity
from bench.plan.jobcode import code_of
from bench.plan.places import wanted
from bench.plan.second import beside
from bench.record import Record, digest
from bench.registry import shipped_datasets
from bench.statistics.best import Family, compare
from bench.statistics.outcomes import Outcomes
from bench.store.store import Store


@dataclass(frozen=True)
class Origin:
    """A dataset's cells with the store that they are read from, its records there by id, and second opinions."""

    grid: Grid
    store: Store
    records: dict[str, Record]
    again: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What a report asks for.

    Attributes
    ----------
    requested
        Datasets to take, also where nothing is done yet; empty: all that have records.
    methods
        The only rows to take; empty: those of the configuration, and all that have records.
    first
        Datasets that come before the others.
    is_aside
        Whether a method is an ablation, which stands beside the comparisons.
    stale
        Ids of the records that count as made by code that has changed since; None: what today's code says.
    banner
        What stands above all tables; "": profile, seeds and where the records came from.
    labels
        What places are called, for a dataset whose images are not here to say it.
    """

    requested: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    first: Collection[str] = ()
    is_aside: Callable[[str], object] = lambda method: ""
    stale: Collection[str] | None = None
    banner: str = ""
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class Gathered:
    """All that a report is made of: each dataset's origin, every record by id, and the frame of all cells.

    `lost` has a line for each dataset whose records cannot be shown, and why.
    """

    config: Config
    origins: Mapping[str, Origin]
    records: Mapping[str, Record]
    frame: pd.DataFrame
    measured: pd.DataFrame
    outcomes: Mapping[Place, Outcomes]
    families: Mapping[str, Family]
    banner: str
    lost: tuple[str, ...] = field(default=())

    def outcomes_of(self, task: str) -> dict[str, Outcomes]:
        """Return a dataset's columns by place, the most imbalanced first."""
        mine = {place: it for (name, place), it in self.outcomes.items() if name == task}
        rows = self.frame[self.frame["task"] == task].sort_values(["minority_count", "majority_count"], kind="stable")
        by_rarest = rows.drop_duplicates("place").sort_values("minority_count", kind="stable")
        return {place: mine[place] for place in by_rarest["place"] if place in mine}


def gather(config: Config, stores: Sequence[Store], wish: Wish | None = None) -> Gathered:
    """Read the records of the Config's profile and compare its methods.

    Parameters
    ----------
    stores
        Where to look, see `origins_of`.

    Raises
    ------
    UserError
        There is no record to report on.
    """
    wish = wish or Wish()
    origins, lost = origins_of(config, stores, wish)
    if not origins:
        places = " or ".join(str(store.root) for store in stores)
        why = "; ".join(lost) or "`imbench run` makes some"
        raise UserError(f"no record of profile {config.run.profile} in {places}; {why}")
    cells = [cell for origin in origins.values() for cell in origin.grid.cells]
    jobs = [job for origin in origins.values() for job in origin.grid.jobs]
    records = {id: record for origin in origins.values() for id, record in origin.records.items()}
    codes = {} if wish.stale is not None else {job.id: digest(code_of(job)) for job in jobs}

    def is_stale(record: Record) -> bool:
        return record.id in wish.stale if wish.stale is not None else record.code_digest != codes[record.id]

    rows = [cell for cell in cells if not wish.is_aside(cell.method)]
    outcomes = columns(rows, records.get, decision_of)
    families = {name: compare([it for (task, _), it in outcomes.items() if task == name]) for name in origins}
    table = with_alike(frame(cells, records.get, decision_of, is_stale), _alike(families))
    judged = measured(jobs, config.run.profile, records.get, is_stale)
    banner = wish.banner or _banner(config, origins)
    return Gathered(config, origins, records, table, judged, outcomes, families, banner, tuple(lost))


def narrowed(
    config: Config, name: str, methods: tuple[str, ...] | None = None, at: Sequence[Imbalance] | None = None
) -> Config:
    """Return the Config of one dataset, with other methods and imbalances if given."""
    run = config.run
    change: dict[str, object] = {"datasets": (name,), "methods": run.methods if methods is None else methods}
    if at is not None:
        change |= {"minority": (), "at": tuple(at)}
    return config.model_copy(update={"run": run.model_copy(update=change)})


def _alike(families: Mapping[str, Family]) -> dict[tuple[Place, str], list[str]]:
    found: dict[tuple[Place, str], list[str]] = {}
    for task, family in families.items():
        for it in family.comparisons:
            for method in it.indistinguishable():
                found.setdefault(((task, it.column), method), []).append(it.metric)
    return found


def origins_of(config: Config, stores: Sequence[Store], wish: Wish) -> tuple[dict[str, Origin], list[str]]:
    """Return the datasets that have records, or are asked for, and a line for each that cannot be shown.

    Those that nobody asked for are read from one store, the first that has records: whoever ran one dataset is not
    shown the reference records of all others.
    """
    shipped = [entry.name for entry in shipped_datasets()]
    shipped.sort(key=lambda name: (name not in wish.first, name))  # not as modules happened to be imported
    origins: dict[str, Origin] = {}
    lost: list[str] = []
    for name in wish.requested:
        if found := _origin(name, config, wish, stores, stores):
            origins[name] = found
    others = [name for name in dict.fromkeys((*shipped, *config.datasets)) if name not in wish.requested]
    for store in stores:
        for name in others:
            try:
                if found := _origin(name, config, wish, [store], stores):
                    origins[name] = found
            except (DataError, StoreError, ConfigError) as error:  # a folder that is not here, or counts it never had
                lost.append(f"{name}: its records cannot be shown: {' '.join(str(error).split())}")
        if lost or any(origin.store is store and origin.records for origin in origins.values()):
            break
    return origins, lost


def _origin(
    name: str, config: Config, wish: Wish, looked_in: Sequence[Store], stores: Sequence[Store]
) -> Origin | None:
    """Return a dataset's cells in the first of some stores that has records of them; if asked for, in any case.

    Second opinions of them are looked for beside all stores.

    Raises
    ------
    UserError
        The cells of its records cannot be made from what is here.
    """
    empty, asked = None, name in wish.requested
    for store in looked_in:
        records = _of(name, store)
        if not (records or asked):
            continue
        grid = _grid(config, name, records.values(), wish)
        if any(job.id in records for job in grid.jobs):
            again = {id: it for other in stores for id, it in _of(name, beside(other)).items()}
            return Origin(grid, store, records, again)
        empty = empty or Origin(grid, store, records)
    return empty if asked else None


def _of(name: str, store: Store) -> dict[str, Record]:
    ids = [id for id, summary in store.summaries().items() if summary.dataset == name]
    return {id: record for id in ids if (record := store.get(id))}


def _grid(config: Config, name: str, records: Iterable[Record], wish: Wish) -> Grid:
    """Return the grid of a dataset with the methods and places that its profile's records have beyond the Config.

    Where a user's images are not here, the records alone tell of their places.
    """
    protocol = protocol_identity(config.profile.protocol(name))
    mine = [record.identity for record in records if record.identity.get("protocol") == protocol]
    given, allowed = config.profile.arguments(name), config.composition.allow
    methods = [compose(row, allowed, given) for row in wish.methods or config.run.methods]
    for spelled in [] if wish.methods else sorted({spelled_row(it["method"], given, allowed) for it in mine}):
        if (more := known_row(spelled, given)) and more.training_part not in [
            method.training_part for method in methods
        ]:
            methods.append(more)
    dataset = dataset_named(name, config)
    try:
        split = dataset.split()
    except DataError:
        if mine and dataset.of_users:
            return lone_grid(name, config, [it for it in mine if it["kind"] == "fit"], methods, wish.labels)
        raise
    asked = [shop.task.counts for shop in workshops(name, config)]
    others = sorted({tuple(identity["counts"]) for identity in mine} - {*asked})
    try:
        for counts in others:
            vector(counts).counts(split.counts("train"))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    at = [*wanted(dataset, config), *(cut_to(counts, asked, split.counts("train")) for counts in others)]
    return build_grid(narrowed(config, name, tuple(method.name for method in methods), at))


def _banner(config: Config, origins: Mapping[str, Origin]) -> str:
    roots = dict.fromkeys(str(origin.store.root) for origin in origins.values())
    folders = {root: [name for name, it in origins.items() if str(it.store.root) == root] for root in roots}
    places = "; ".join(f"{', '.join(names)} from {folder}" for folder, names in folders.items())
    return f"Profile {config.run.profile}, seeds: {config.run.seeds}. Records: {places}."
