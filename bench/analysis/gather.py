"""Gather: choose the records of a report, make its frames, and compare its methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.errors import ConfigError, DataError, StoreError, UserError
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.grid import Grid, build_grid, workshops
from bench.plan.identity import protocol_identity
from bench.plan.jobcode import code_of
from bench.record import Record, digest
from bench.registry import DATASETS, METHODS
from bench.papers.sahoo2020 import tables as paper
from bench.report.ablation import ablated
from bench.analysis.columns import columns
from bench.analysis.frame import Adjust, frame, with_alike
from bench.analysis.layout import Place
from bench.analysis.measured import measured
from bench.statistics.best import Family, compare
from bench.statistics.outcomes import Outcomes
from bench.store.store import REFERENCE, Store
from bench.training.composition import Composition


@dataclass(frozen=True)
class Source:
    """A dataset's cells with the store that they are read from, and its records there by id."""

    grid: Grid
    store: Store
    records: dict[str, Record]


@dataclass(frozen=True)
class Gathered:
    """All that a report is made of: each dataset's source, every record by id, and the frame of all cells.

    `lost` has a line for each dataset whose records cannot be shown, and why.
    """

    config: Config
    sources: Mapping[str, Source]
    records: Mapping[str, Record]
    frame: pd.DataFrame
    measured: pd.DataFrame
    outcomes: Mapping[Place, Outcomes]
    families: Mapping[str, Family]
    lost: tuple[str, ...] = ()

    def adjust_of(self, method: str) -> Adjust:
        """Return the decision of a method expression."""
        adjust: Adjust = compose(method, self.config.composition.allow).hook("adjust")
        return adjust

    @property
    def banner(self) -> str:
        """Profile, seeds and where the records came from, in one line."""
        return _banner(self.config, self.sources)


def stores_of(config: Config, own: bool) -> list[Store]:
    """Return where a report's records are looked for.

    Parameters
    ----------
    own
        Whether the user named the results folder: then nothing else is looked at. Otherwise a dataset without any
        record there is read from `results/reference`, so that a fresh clone has a report.
    """
    results = config.paths.results
    return [Store(results)] if own else [Store(results), Store(results / REFERENCE, read_only=True)]


def gather(config: Config, requested: tuple[str, ...], stores: Sequence[Store]) -> Gathered:
    """Read the records of the Config's profile and compare its methods.

    Parameters
    ----------
    requested
        Datasets to take, also where nothing is done yet; empty: all that have records.
    stores
        Where to look: a dataset is read from the first that has any record of it. See `stores_of`.

    Raises
    ------
    UserError
        There is no record to report on.
    """
    shipped = [entry.name for entry in DATASETS if entry.name != "folder"]
    shipped.sort(key=lambda name: name not in paper.tasks())  # the paper's before toys
    names = dict.fromkeys((*requested, *shipped, *config.datasets))
    sources: dict[str, Source] = {}
    lost: list[str] = []
    for name in names:
        try:
            if found := _source(name, config, stores, name in requested):
                sources[name] = found
        except (DataError, StoreError, ConfigError) as error:  # a folder that is not here, or counts it never had
            if name in requested:
                raise
            lost.append(f"{name}: its records cannot be shown: {' '.join(str(error).split())}")
    if not sources:
        places = " or ".join(str(store.root) for store in stores)
        why = "; ".join(lost) or "`imbench run` makes some"
        raise UserError(f"no record of profile {config.run.profile} in {places}; {why}")
    cells = [cell for source in sources.values() for cell in source.grid.cells]
    jobs = [job for source in sources.values() for job in source.grid.jobs]
    records = {id: record for source in sources.values() for id, record in source.records.items()}
    is_stale = _Staleness(sources.values(), config)
    adjusts = {cell.method: compose(cell.method, config.composition.allow).hook("adjust") for cell in cells}
    rows = [cell for cell in cells if not ablated(cell.method)]
    outcomes = columns(rows, records.get, adjusts.__getitem__)
    families = {name: compare([it for (task, _), it in outcomes.items() if task == name]) for name in sources}
    table = frame(cells, records.get, adjusts.__getitem__, is_stale)
    judged = measured(jobs, config.run.profile, records.get, is_stale)
    return Gathered(
        config, sources, records, with_alike(table, _alike(families)), judged, outcomes, families, tuple(lost)
    )


def _alike(families: Mapping[str, Family]) -> dict[tuple[str, int, str], list[str]]:
    found: dict[tuple[str, int, str], list[str]] = {}
    for task, family in families.items():
        for it in family.comparisons:
            for method in it.indistinguishable():
                found.setdefault((task, int(it.column), method), []).append(it.metric)
    return found


class _Staleness:
    """Tells whether a record was made by code that has changed since."""

    def __init__(self, sources: Iterable[Source], config: Config) -> None:
        jobs = (job for source in sources for job in source.grid.jobs)
        self._digests = {job.id: digest(code_of(job)) for job in jobs}

    def __call__(self, record: Record) -> bool:
        return record.code_digest != self._digests[record.id]


def _source(name: str, config: Config, stores: Sequence[Store], asked: bool) -> Source | None:
    """Return a dataset's cells in the first store that has records of them, or in the first of all if asked for.

    Raises
    ------
    UserError
        The cells of its records cannot be made from what is here.
    """
    empty = None
    for store in stores:
        ids = [id for id, summary in store.summaries().items() if summary.dataset == name]
        records = {id: record for id in ids if (record := store.get(id))}
        if not (records or asked):
            continue
        grid = build_grid(_widened(config, name, records.values()))
        if any(job.id in records for job in grid.jobs):
            return Source(grid, store, records)
        empty = empty or Source(grid, store, records)
    return empty if asked else None


def _widened(config: Config, name: str, records: Iterable[Record]) -> Config:
    """Return the Config with the methods and minority counts that its profile's records have beyond it."""
    protocol = protocol_identity(config.profile.protocol(name))
    mine = [record.identity for record in records if record.identity.get("protocol") == protocol]
    given = config.profile.arguments(name)
    methods = [compose(expression, config.composition.allow, given) for expression in config.run.methods]
    for spelled in sorted({_expression(identity["method"], given) for identity in mine}):
        if (more := _known(spelled, given)) and more.training_part not in [method.training_part for method in methods]:
            methods.append(more)
    counts = dict.fromkeys(min(identity["counts"]) for identity in mine)
    asked = {min(place.task.counts) for place in workshops(name, config)}
    minority = sorted(asked | counts.keys())
    return narrowed(config, name, tuple(method.name for method in methods), tuple(minority))


def narrowed(
    config: Config, name: str, methods: tuple[str, ...] | None = None, minority: tuple[int, ...] | None = None
) -> Config:
    """Return the Config of one dataset, with other methods and minority counts if given."""
    run = config.run
    change = {
        "datasets": (name,),
        "methods": run.methods if methods is None else methods,
        "minority": run.minority if minority is None else minority,
    }
    return config.model_copy(update={"run": config.run.model_copy(update=change)})


def _expression(parts: list[tuple[str, dict[str, object]]], given: Mapping[str, Mapping[str, object]]) -> str:
    """Return the method's name with the arguments that it has and neither its class nor the profile gives it anyway."""
    calls = []
    for name, arguments in parts:
        expected = (METHODS[name].cls().parameters if name in METHODS else {}) | dict(given.get(name, {}))
        own = [f"{k}={v}" for k, v in arguments.items() if k not in expected or expected[k] != v]
        calls.append(f"{name}({', '.join(own)})" if own else name)
    return "+".join(calls) or "Vanilla"


def _known(expression: str, given: Mapping[str, Mapping[str, object]]) -> Composition | None:
    """Return the composition, None where its method is not registered any more; what was run once was allowed."""
    names = [term.split("(")[0] for term in expression.split("+")]
    try:
        return compose(expression, ["+".join(names)], given)
    except ConfigError:
        return None


def _banner(config: Config, sources: Mapping[str, Source]) -> str:
    roots = dict.fromkeys(str(source.store.root) for source in sources.values())
    folders = {root: [name for name, source in sources.items() if str(source.store.root) == root] for root in roots}
    places = "; ".join(f"{', '.join(names)} from {folder}" for folder, names in folders.items())
    return f"Profile {config.run.profile}, seeds: {config.run.seeds}. Records: {places}."
