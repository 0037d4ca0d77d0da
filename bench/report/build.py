"""Build the report: choose the records, make the frames, draw what needs images, write the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.atomic import write_atomically
from bench.compose import compose
from bench.composition import Composition
from bench.config import Config
from bench.errors import ConfigError, DataError, UserError
from bench.grid import Grid, build_grid
from bench.job import Arguments
from bench.jobcode import code_of
from bench.record import Record, digest
from bench.registry import DATASETS
from bench.report.frame import Adjust, frame
from bench.report.grids import open_test, translation_grid
from bench.report.measured import measured
from bench.report.pictures.picture import Picture
from bench.report.write import Options, Translations, write
from bench.store import Store
from bench.weights import Weights

REFERENCE = "reference"


@dataclass(frozen=True)
class Source:
    """A dataset's cells with the store that they are read from, and its records there by id."""

    grid: Grid
    store: Store
    records: dict[str, Record]


def build_report(config: Config, requested: tuple[str, ...], own: bool) -> list[Path]:
    """Write the report of the Config's profile and return its files.

    Parameters
    ----------
    requested
        Datasets to write, also where nothing is done yet; empty: all that have records.
    own
        Whether the user named the results folder: then nothing else is looked at. Otherwise a dataset without any
        record there is reported from `results/reference`, so that a fresh clone has a report.

    Raises
    ------
    UserError
        There is no record to report on.
    """
    stores = [Store(config.paths.results)]
    if not own:
        stores.append(Store(config.paths.results / REFERENCE, read_only=True))
    shipped = tuple(entry.name for entry in DATASETS if entry.name != "folder")
    names = dict.fromkeys((*requested, *shipped, *config.datasets))
    sources = {name: found for name in names if (found := _source(name, config, stores, name in requested))}
    if not sources:
        places = " or ".join(str(store.root) for store in stores)
        raise UserError(f"no record of profile {config.run.profile} in {places}; `imbench run` makes some")
    cells = [cell for source in sources.values() for cell in source.grid.cells]
    records = {id: record for source in sources.values() for id, record in source.records.items()}
    profile, reports, is_stale = config.run.profile, config.paths.reports, _Staleness(sources.values(), config)
    table = frame(cells, records.get, lambda method: _adjust(method, config), is_stale)
    jobs = [job for source in sources.values() for job in source.grid.jobs]
    drawn, left_out = _pictures({name: sources[name] for name in requested or sources}, config)
    translations = Translations(measured(jobs, profile, records.get, is_stale), left_out)
    options = Options(config.report.interval, requested or None)
    return [*write(table, reports, profile, _banner(config, sources), options, translations), *drawn]


def _pictures(sources: dict[str, Source], config: Config) -> tuple[list[Path], tuple[str, ...]]:
    """Draw what images and weights are there for; return the files, and a line for each picture left out."""
    folder = config.paths.reports / config.run.profile / "pictures"
    drawn, left_out = [], []
    for name, source in sources.items():
        picture = translation_grid(name, source.grid.jobs, Weights(source.store.root), partial(open_test, name, config))
        if isinstance(picture, Picture):
            drawn.append(folder / f"{picture.name}.png")
            write_atomically(drawn[-1], picture.png, durable=False)
        elif picture:
            left_out.append(f"{picture.name}: {picture.reason}")
    return drawn, tuple(left_out)


class _Staleness:
    """Tells whether a record was made by code that has changed since."""

    def __init__(self, sources: Iterable[Source], config: Config) -> None:
        jobs = (job for source in sources for job in source.grid.jobs)
        self._digests = {job.id: digest(code_of(job, config.composition.allow)) for job in jobs}

    def __call__(self, record: Record) -> bool:
        return record.code_digest != self._digests[record.id]


def _source(name: str, config: Config, stores: list[Store], asked: bool) -> Source | None:
    """Return a dataset's cells in the first store that has records of them, or in the first of all if asked for."""
    empty = None
    for store in stores:
        ids = [id for id, summary in store.summaries().items() if summary.dataset == name]
        records = {id: record for id in ids if (record := store.get(id))}
        try:
            grid = build_grid(_widened(config, name, records.values()))
        except (DataError, ConfigError):
            if asked:
                raise
            return None  # a folder that is not here, or settings meant for another dataset
        if any(job.id in records for job in grid.jobs):
            return Source(grid, store, records)
        empty = empty or Source(grid, store, records)
    return empty if asked else None


def _widened(config: Config, name: str, records: Iterable[Record]) -> Config:
    """Return the Config with the methods and minority counts that its profile's records have beyond it."""
    protocol = config.profile.protocol(name).model_dump()
    mine = [record.identity for record in records if record.identity.get("protocol") == protocol]
    given = config.profile.arguments(name)
    methods = [compose(expression, config.composition.allow, given) for expression in config.run.methods]
    for spelled in dict.fromkeys(_expression(identity["method"], given) for identity in mine):
        if (more := _known(spelled, given)) and more.training_part not in [method.training_part for method in methods]:
            methods.append(more)
    counts = dict.fromkeys(min(identity["counts"]) for identity in mine)
    base = build_grid(_narrowed(config, name, config.run.methods, config.run.minority))
    minority = sorted({cell.minority_count for cell in base.cells} | counts.keys())
    return _narrowed(config, name, tuple(method.name for method in methods), tuple(minority))


def _narrowed(config: Config, name: str, methods: tuple[str, ...], minority: tuple[int, ...]) -> Config:
    change = {"datasets": (name,), "methods": methods, "minority": minority}
    return config.model_copy(update={"run": config.run.model_copy(update=change)})


def _expression(parts: list[tuple[str, dict[str, object]]], given: Arguments) -> str:
    """Return the method's name with the arguments that it has and the profile does not give it anyway."""
    calls = []
    for name, arguments in parts:
        own = [f"{k}={v}" for k, v in arguments.items() if (k, v) not in given.get(name, {}).items()]
        calls.append(f"{name}({', '.join(own)})" if own else name)
    return "+".join(calls) or "Vanilla"


def _known(expression: str, given: Arguments) -> Composition | None:
    """Return the composition, None where its method is not registered any more; what was run once was allowed."""
    names = [term.split("(")[0] for term in expression.split("+")]
    try:
        return compose(expression, ["+".join(names)], given)
    except ConfigError:
        return None


def _adjust(method: str, config: Config) -> Adjust:
    adjust: Adjust = compose(method, config.composition.allow).hook("adjust")
    return adjust


def _banner(config: Config, sources: dict[str, Source]) -> str:
    roots = dict.fromkeys(str(source.store.root) for source in sources.values())
    folders = {root: [name for name, source in sources.items() if str(source.store.root) == root] for root in roots}
    places = "; ".join(f"{', '.join(names)} from {folder}" for folder, names in folders.items())
    return f"Profile {config.run.profile}, seeds: {config.run.seeds}. Records: {places}."
