"""The grid: which cells a Config asks for, and the fits they need; a fit that several cells share appears once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pydantic import ValidationError

from bench.composition import Composition
from bench.dataset import Dataset, Split, Task
from bench.errors import ConfigError, unknown
from bench.method import SLOTS
from bench.plan.compose import compose
from bench.plan.config import Config, Profile
from bench.plan.job import Arguments, Job
from bench.plan.needs import Workshop
from bench.registry import DATASETS, STAGES, unknown_dataset
from bench.streams import Streams


@dataclass(frozen=True)
class Cell:
    """One number's place in a table: a fit with a decision.

    `translator` is the stream of the stages it uses, other than 0 only where their own luck is measured. `fit` is the
    record's identity digest, or "" where the method does not apply; then `not_applicable` says why. `stages` are the
    records of all stages that the fit rests on.
    """

    dataset: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    method: str
    seed: int
    profile: str
    fit: str
    not_applicable: str = ""
    translator: int = 0
    stages: tuple[str, ...] = ()

    @property
    def minority_count(self) -> int:
        """Training images of the rarest class."""
        return min(self.counts)


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
    """Return a registered dataset, or a folder of the user's, rooted in the data folder.

    Raises
    ------
    ConfigError
        There is no dataset of that name.
    """
    if name in config.datasets:
        if name in DATASETS:
            raise ConfigError(f"datasets.{name}: a shipped dataset has that name; give yours another")
        own = config.datasets[name]
        return DATASETS["folder"].cls(name, own.folder, own.minority, own.seed)  # type: ignore[call-arg, arg-type]
    if name not in DATASETS or name == "folder":
        raise ConfigError(unknown_dataset(name, config.datasets))
    return DATASETS[name].cls(config.paths.data_root / name)


def build_grid(config: Config) -> Grid:
    """Expand a Config into cells and fits.

    Raises
    ------
    ConfigError
        A dataset, method or minority count does not exist; the text names it.
    """
    for name in config.profile.datasets:
        dataset_named(name, config)  # an exception for a dataset that does not exist is a typo
    cells: list[Cell] = []
    jobs: dict[str, Job] = {}
    for name in dict.fromkeys(config.run.datasets):
        arguments = config.profile.arguments(name)
        composed = [compose(row, config.composition.allow, arguments) for row in config.run.methods]
        methods = {method.name: method for method in composed}.values()
        places = workshops(name, config)
        rarest = min(places, key=lambda place: min(place.task.counts), default=None)
        for workshop in places:
            place = _Place(workshop, config)
            for method in methods:
                for translator in range(config.run.translators if workshop is rarest else 1):
                    for seed in range(config.run.seeds):
                        cell, made = place.cell(method, seed, translator, arguments)
                        cells += [cell] if cell else []
                        add_jobs(jobs, made, method)
    return Grid(tuple(cells), _in_order(jobs.values()))


def add_jobs(jobs: dict[str, Job], made: Iterable[Job], method: Composition) -> None:
    """Add a method's jobs to those by id; a fit that several rows share goes by the one whose decision is its own."""
    decides = any(SLOTS["adjust"] in part.slots for part in method.parts)
    for job in made:
        if job.id not in jobs or not decides:
            jobs[job.id] = job


def workshops(name: str, config: Config) -> list[Workshop]:
    """Return a dataset's tasks, one per minority count, ready to make jobs.

    Raises
    ------
    ConfigError
        The dataset or a minority count does not exist; the text names it.
    """
    dataset = dataset_named(name, config)
    split, protocol = dataset.split(), config.profile.protocol(name)
    whole = Task(name, dataset.edition, split.digest, split.classes, split.counts("train"))
    settings = partial(stage_settings, config.profile, name)
    return [
        Workshop(replace(whole, counts=counts), whole, protocol, settings)
        for counts in counts_of(dataset, split, config)
    ]


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


@dataclass(frozen=True)
class _Place:
    """One task of a run, ready to make cells."""

    workshop: Workshop
    config: Config

    def cell(
        self, method: Composition, seed: int, translator: int, arguments: Arguments
    ) -> tuple[Cell | None, list[Job]]:
        """Return a cell with the jobs it needs.

        There is none with another translator for a method without any, nor for one that trains its own on (ALT), whose
        fits leave as many translators as there are seeds.
        """
        task, profile = self.workshop.task, self.config.run.profile
        requests = method.requires(task.counts, self.workshop.protocol)
        trains_on = any(getattr(part, "leaves", "") for part in method.parts)
        if translator and (trains_on or not requests):
            return None, []
        reason = method.supports(task.counts) or self.workshop.supports(requests)
        cell = Cell(task.dataset, task.classes, task.counts, method.name, seed, profile, "", reason, translator)
        if reason:
            return (None if translator else cell), []
        streams = Streams.of(seed).model_copy(update={"stage": translator})
        *stages, job = self.workshop.fit(method, streams, arguments)
        made = [*stages, job, *self.workshop.measurements(method, job, requests)]
        return replace(cell, fit=job.id, stages=tuple(stage.id for stage in stages)), made


def _in_order(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Sort by seed, other translators last; a job stays after those it needs, which are of no later seed."""
    return tuple(sorted(jobs, key=lambda job: (job.streams.stage if job.kind == "fit" else 0, job.streams.order)))


def counts_of(dataset: Dataset, split: Split, config: Config) -> list[tuple[int, ...]]:
    """Return the training counts of each task of a dataset, one per minority count.

    Raises
    ------
    ConfigError
        A count is larger than the class, or than a class that should be larger.
    """
    profile, whole = config.profile, split.counts("train")
    capped = tuple(min(count, profile.majority_count or count) for count in whole)
    most = min(whole[-1], *capped[:-1])
    wanted = config.run.minority or profile.minority_counts or dataset.minority_counts
    for count in wanted:
        if not 0 < count <= most:
            held = ", ".join(
                f"{n} images of {label!r}" for n, label in zip((*capped[:-1], whole[-1]), split.classes, strict=True)
            )
            raise ConfigError(
                f"{dataset.name}: minority count {count} is not possible, it can be 1 to {most}; "
                f"the training part has {held}"
            )
    return [dataset.counts(capped, count) for count in dict.fromkeys(wanted)]
