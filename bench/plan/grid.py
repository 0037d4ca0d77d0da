"""The grid: which cells a Config asks for, and the fits they need; a fit that several cells share appears once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pydantic import ValidationError

from bench.dataset import Dataset, Task
from bench.errors import ConfigError, unknown
from bench.expression import Expression
from bench.plan.compose import compose
from bench.plan.config import Config, Profile
from bench.plan.job import Job, add_jobs
from bench.plan.needs import Workshop
from bench.plan.places import places, rarest, read_imbalance, whole_of
from bench.plan.subsets import on_other_subsets
from bench.registry import DATASETS, STAGES, unknown_dataset, users_dataset
from bench.stage import Request, StageRequest
from bench.training.composition import Composition

MOST_CELLS = 100_000  # to plan as many takes a quarter of a minute


@dataclass(frozen=True)
class Cell:
    """One number's place in a table: a fit with a decision.

    `translator` is the stream of the stages it uses, other than 0 only where their own luck is measured. `fit` is the
    record's identity digest, or "" where the method does not apply; then `not_applicable` says why. `stages` are the
    records of all stages that the fit rests on.
    """

    task: Task
    expression: Expression
    seed: int
    profile: str
    fit: str
    not_applicable: str = ""
    translator: int = 0
    stages: tuple[str, ...] = ()

    @property
    def dataset(self) -> str:
        """The task's dataset."""
        return self.task.dataset

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the task's classes."""
        return self.task.classes

    @property
    def counts(self) -> tuple[int, ...]:
        """Training images of each class."""
        return self.task.counts

    @property
    def place(self) -> str:
        """How tables call the counts."""
        return self.task.place

    @property
    def minority_count(self) -> int:
        """Training images of the rarest class."""
        return min(self.task.counts)

    @property
    def method(self) -> str:
        """How tables call the row."""
        return str(self.expression)

    @property
    def spelled(self) -> str:
        """The cell as a command line spells it: DATASET/PLACE/METHOD/SEED."""
        return f"{self.task.dataset}/{self.task.place}/{self.method}/{self.seed}"


@dataclass(frozen=True)
class Grid:
    """All cells of a run, and every job they need, once: one seed after the other, so that early tables are whole.

    A job comes after those whose artifacts it needs.
    """

    cells: tuple[Cell, ...]
    jobs: tuple[Job, ...]

    def extended(self, more: Iterable[Job]) -> Grid:
        """Return the grid with further jobs that no cell shows; one that it has already is not repeated."""
        jobs = {job.id: job for job in self.jobs}
        return Grid(self.cells, (*self.jobs, *{job.id: job for job in more if job.id not in jobs}.values()))


def dataset_named(name: str, config: Config) -> Dataset:
    """Return a registered dataset rooted in the data folder, or one of the user's.

    Raises
    ------
    ConfigError
        There is no dataset of that name.
    """
    own = config.datasets.get(name)
    shipped = name in DATASETS and not DATASETS[name].cls.of_users
    if own is not None and own.root is not None:
        if shipped:
            raise ConfigError(f"datasets.{name}: a shipped dataset has that name; give yours another")
        wanted = tuple(map(read_imbalance, own.wanted))
        kept = own.kept_split(name, config.paths.results)
        how = own.model_dump(exclude={"folder", "minority", "imbalances", "seed", "split"})
        return users_dataset()(name, own.root, wanted, own.seed, kept, **how)  # type: ignore[call-arg, arg-type]
    if not shipped:
        nowhere = f"datasets.{name}: where are its images? give folder, labels (a csv) or lists"
        raise ConfigError(nowhere if own is not None else unknown_dataset(name, config.datasets))
    if own is not None and (fixed := sorted(own.model_fields_set - {"minority", "imbalances"})):
        raise ConfigError(f"datasets.{name}.{fixed[0]}: the pictures of a shipped dataset are published as they are")
    return DATASETS[name].cls(config.paths.data_root / name)


def build_grid(config: Config) -> Grid:
    """Expand a Config into cells and fits.

    Raises
    ------
    ConfigError
        A dataset, method or imbalance does not exist; the text names it.
    """
    for name in config.profile.datasets:
        dataset_named(name, config)  # an exception for a dataset that does not exist is a typo
    cells: list[Cell] = []
    jobs: dict[str, Job] = {}
    others: list[Job] = []
    for name in dict.fromkeys(config.run.datasets):
        methods = composed(name, config)
        shops = workshops(name, config)
        rare = rarest([shop.task for shop in shops])
        _refuse_too_many(len(cells) + len(methods) * len(shops) * config.run.seeds)
        for shop in shops:
            for method in methods:
                requests = method.requires(shop.task.counts, shop.protocol)
                reason = not_applicable(shop, config, method)
                alone = not requests or bool(method.leaves)  # has no cell with another translator; ALT leaves its own
                for translator in range(config.run.translators if shop.task is rare and not (reason or alone) else 1):
                    for seed in range(config.run.seeds):
                        cell, made = _cell(shop, config, method, reason, seed, translator)
                        cells.append(cell)
                        add_jobs(jobs, made, method)
        others += on_other_subsets(next(shop for shop in shops if shop.task is rare), config, methods)
    return Grid(tuple(cells), _in_order(jobs.values())).extended(others)


def _refuse_too_many(cells: int) -> None:
    if cells > MOST_CELLS:
        asked = f"{cells:,} cells and more are asked for, at most {MOST_CELLS:,} are planned at a time"
        raise ConfigError(f"{asked}; take fewer seeds, methods, places or datasets")


def composed(dataset: str, config: Config) -> list[Composition]:
    """Return the rows that a Config asks for, each once, with what the profile gives to methods for a dataset."""
    arguments = config.profile.arguments(dataset)
    rows = [compose(row, config.composition.allow, arguments) for row in config.run.methods]
    return list({row.name: row for row in rows}.values())


def workshops(name: str, config: Config) -> list[Workshop]:
    """Return a dataset's places, one per imbalance, ready to make jobs.

    Raises
    ------
    ConfigError
        The dataset or an imbalance does not exist; the text names it.
    """
    dataset = dataset_named(name, config)
    split, protocol = dataset.split(), config.profile.protocol(name)
    whole = whole_of(dataset)
    settings, arguments = partial(stage_settings, config.profile, name), config.profile.arguments(name)
    limit = protocol.eval_per_class
    judged = sum(min(n, limit or n) for part in ("val", "test") for n in split.counts(part))
    return [
        Workshop(task, whole, protocol, settings, arguments, config.composition.allow, judged)
        for task in places(dataset, config)
    ]


def rarest_workshop(name: str, config: Config) -> Workshop:
    """Return the place of a dataset with the smallest class."""
    shops = workshops(name, config)
    task = rarest([shop.task for shop in shops])
    return next(shop for shop in shops if shop.task is task)


def stage_settings(profile: Profile, dataset: str, name: str) -> Mapping[str, object]:
    """Return a stage's settings for one dataset, complete and as JSON values.

    Raises
    ------
    ConfigError
        There is no such stage, or it has no such setting; the text names it.
    """
    cls, given = STAGES[name].cls.Settings, profile.stage_values(name, dataset)
    for key in given:
        if key not in cls.model_fields:
            raise ConfigError(f"profiles.stages.{name}: {unknown('key', key, cls.model_fields)}")
    try:
        return cls(**given).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((name, *map(str, first["loc"])))
        raise ConfigError(f"profiles.stages.{place}: {first['msg'].removeprefix('Value error, ')}") from None


def left_out(requests: Iterable[Request], config: Config) -> str:
    """Return why a row with these requests is not in the profile, "" if it is."""
    if config.profile.trained_generators or not any(isinstance(request, StageRequest) for request in requests):
        return ""
    return f"the profile {config.run.profile} leaves rows out that need a trained generator (trained_generators)"


def not_applicable(shop: Workshop, config: Config, method: Composition) -> str:
    """Return why a method has no fit at a place in the profile, "" if it has."""
    counts, protocol = shop.task.counts, shop.protocol
    requests = method.requires(counts, protocol)
    return method.supports(counts, protocol) or left_out(requests, config) or shop.supports(requests)


def _cell(
    shop: Workshop, config: Config, method: Composition, reason: str, seed: int, translator: int
) -> tuple[Cell, list[Job]]:
    """Return a cell with the jobs it needs; there are none where a reason is given why it does not apply."""
    cell = Cell(shop.task, method.expression, seed, config.run.profile, "", reason, translator)
    if reason:
        return cell, []
    *stages, job = shop.fit(method, config.profile.streams(seed).model_copy(update={"stage": translator}))
    made = [*stages, job, *shop.measurements(method, job)]
    return replace(cell, fit=job.id, stages=tuple(stage.id for stage in stages)), made


def _in_order(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Sort by seed, other translators last; a job stays after those it needs, which are of no later seed."""
    return tuple(sorted(jobs, key=lambda job: (job.streams.stage if job.kind == "fit" else 0, job.streams.order)))
