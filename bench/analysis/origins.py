"""Origins: which records of which store a dataset is shown by, and the grid that they are cells of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bench.analysis.cut import cut_to
from bench.analysis.fellows import fellows
from bench.analysis.lone import Labels, lone_grid
from bench.analysis.spelled import known_row, spelled_row
from bench.dataset import Imbalance, Split, vector
from bench.errors import ConfigError, DataError, StoreError
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.grid import Grid, build_grid, dataset_named
from bench.plan.identity import protocol_identity
from bench.plan.job import TRAINED
from bench.plan.places import cuttable
from bench.plan.publish import records_of
from bench.plan.second import beside
from bench.record import Record
from bench.registry import shipped_datasets
from bench.store.store import Store


@dataclass(frozen=True)
class Origin:
    """A dataset's cells with the store that they are read from, its records there by id, and second opinions.

    `lone` says why its records alone tell of its places, where its images or their split are not those of then;
    `passed` has a line for each record that is passed over, see `bench.analysis.fellows`, and for each place that the
    images here cannot be cut to.
    """

    grid: Grid
    store: Store
    records: dict[str, Record]
    again: Mapping[str, Record] = field(default_factory=dict)
    lone: str = ""
    passed: tuple[str, ...] = ()

    def slim(self) -> Origin:
        """Return it without the records of other datasets, and with nothing read yet: as another process needs it.

        Of its own dataset all stay, for runs on further seeds, subsets and stages tell of luck and are not in its grid.
        """
        names = {cell.dataset for cell in self.grid.cells}
        own = {id: record for id, record in self.records.items() if record.identity.get("dataset") in names}
        return replace(self, store=Store(self.store.root, read_only=True), records=own, again={})


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


def origins_of(config: Config, stores: Sequence[Store], wish: Wish) -> tuple[dict[str, Origin], list[str]]:
    """Return the datasets that have records, or are asked for, and a line for each that cannot be shown.

    Those that nobody asked for are read from one store, the first that has records: whoever ran one dataset is not
    shown the reference records of all others.
    """
    shipped = [entry.name for entry in shipped_datasets()]
    shipped.sort(key=lambda name: (name not in wish.first, name))  # not as modules happened to be imported
    origins: dict[str, Origin] = {}
    lost: list[str] = []
    seconds = [beside(store) for store in stores]
    for name in wish.requested:
        if found := _origin(name, config, wish, stores, seconds):
            origins[name] = found
    others = [name for name in dict.fromkeys((*shipped, *config.datasets)) if name not in wish.requested]
    for store in stores:
        for name in others:
            try:
                if found := _origin(name, config, wish, [store], seconds):
                    origins[name] = found
            except (DataError, StoreError, ConfigError) as error:  # a folder that is not here, or counts it never had
                lost.append(f"{name}: its records cannot be shown: {' '.join(str(error).split())}")
        if lost or any(origin.store is store and origin.records for origin in origins.values()):
            break
    alone = (f"{name}: shown from its records alone: {it.lone}" for name, it in origins.items() if it.lone)
    return origins, [*lost, *alone, *(line for it in origins.values() for line in it.passed)]


def _origin(
    name: str, config: Config, wish: Wish, looked_in: Sequence[Store], seconds: Sequence[Store]
) -> Origin | None:
    """Return a dataset's cells in the first of some stores that has records of them; if asked for, in any case.

    Second opinions of them are looked for in `seconds`.

    Raises
    ------
    UserError
        The cells of its records cannot be made from what is here.
    """
    empty, asked = None, name in wish.requested
    for store in looked_in:
        found = records_of(store, name)
        if not (found or asked):
            continue
        records, passed = fellows(found, partial(_split, name, config))
        grid, lone, uncut = _grid(config, name, records.values(), wish)
        passed += uncut
        if any(job.id in records for job in grid.jobs):
            again, more = fellows({id: it for other in seconds for id, it in records_of(other, name).items()})
            return Origin(grid, store, records, again, lone, (*passed, *more))
        empty = empty or Origin(grid, store, records, lone=lone, passed=tuple(passed))
        if asked and uncut and not grid.cells and store is looked_in[-1]:
            raise ConfigError(uncut[-1])
    return empty if asked else None


def _split(name: str, config: Config) -> Split | None:
    try:
        return dataset_named(name, config).split()
    except DataError:
        return None


def _grid(config: Config, name: str, records: Iterable[Record], wish: Wish) -> tuple[Grid, str, list[str]]:
    """Return the grid of a dataset with the methods and places that its profile's records have beyond the Config.

    Where a user's images are not here, or not as they were, the records alone tell of their places: then also why. A
    place that the images cannot be cut to is not among them: a line says so.

    Raises
    ------
    ConfigError
        The images cannot be cut to any place that there are records of.
    """
    protocol = protocol_identity(config.profile.protocol(name))
    trained = [record.identity for record in records if record.kind in TRAINED]
    mine = [identity for identity in trained if identity["protocol"] == protocol]
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
    except DataError as error:
        if mine and dataset.of_users:
            fits = [it for it in mine if it["kind"] == "fit"]
            return lone_grid(name, config, fits, methods, wish.labels), " ".join(str(error).split()), []
        raise
    asked, uncut = cuttable(dataset, config)
    counts = {tuple(identity["counts"]) for identity in mine}
    whole, places = split.counts("train"), [*asked]
    for other in sorted(counts - {*asked.values()}):
        try:
            places.append(cut_to(vector(other).counts(whole), asked.values(), whole))
        except ValueError as error:
            uncut.append(f"{name}: {error}; records of {':'.join(map(str, other))} are left out")
            counts.remove(other)
    if mine and not counts:
        raise ConfigError(uncut[-1])
    return build_grid(_narrowed(config, name, (method.name for method in methods), places)), "", uncut


def possible(config: Config, name: str) -> tuple[Config, list[str]]:
    """Return the Config of one dataset at the places that its images can be cut to, and a line for each other."""
    at, uncut = cuttable(dataset_named(name, config), config)
    return _narrowed(config, name, config.run.methods, at), uncut


def _narrowed(config: Config, name: str, methods: Iterable[str], at: Iterable[Imbalance]) -> Config:
    """Return the Config of one dataset with other methods and imbalances; without any of these, of no dataset."""
    run, places = config.run, tuple(at)
    datasets = (name,) if places else ()
    change = {"datasets": datasets, "methods": tuple(methods), "minority": (), "at": places}
    return config.model_copy(update={"run": run.model_copy(update=change)})
