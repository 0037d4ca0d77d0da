"""The grid: which cells a Config asks for, and the fits they need; a fit that several cells share appears once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.compose import compose
from bench.composition import Composition
from bench.config import Config
from bench.dataset import Dataset, Split
from bench.errors import ConfigError
from bench.identity import Task, fit_identity
from bench.protocol import Protocol
from bench.record import digest
from bench.registry import DATASETS, unknown_dataset
from bench.streams import Streams


@dataclass(frozen=True)
class Cell:
    """One number's place in a table: a fit with a decision.

    `fit` is the record's identity digest, or "" where the method does not apply; then `not_applicable` says why.
    """

    dataset: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    method: str
    seed: int
    profile: str
    fit: str
    not_applicable: str = ""

    @property
    def minority_count(self) -> int:
        """Training images of the rarest class."""
        return min(self.counts)


@dataclass(frozen=True)
class Job:
    """One fit to be done: its identity, and what a worker needs to do it. `method` is any cell's that shares it."""

    id: str
    identity: dict[str, Any]
    method: str
    task: Task
    protocol: Protocol
    streams: Streams

    @property
    def label(self) -> str:
        """Short name for a progress display."""
        return f"{self.task.dataset} {':'.join(map(str, self.task.counts))} {self.method} seed {self.streams.order}"


@dataclass(frozen=True)
class Grid:
    """All cells of a run, and every fit they need, once: one seed after the other, so that early tables are whole."""

    cells: tuple[Cell, ...]
    jobs: tuple[Job, ...]


def dataset_named(name: str, config: Config) -> Dataset:
    """Return a registered dataset, or a folder of the user's, rooted in the data folder.

    Raises
    ------
    ConfigError
        There is no dataset of that name.
    """
    if name in config.datasets:
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
    composed = (compose(expression, config.composition.allow) for expression in config.run.methods)
    methods = {method.name: method for method in composed}.values()
    for name in config.profile.datasets:
        dataset_named(name, config)  # an exception for a dataset that does not exist is a typo
    cells: list[Cell] = []
    jobs: dict[str, Job] = {}
    for name in dict.fromkeys(config.run.datasets):
        dataset = dataset_named(name, config)
        split, protocol = dataset.split(), config.profile.protocol(name)
        for counts in counts_of(dataset, split, config):
            task = Task(name, dataset.edition, split.digest, split.classes, counts)
            for method in methods:
                for seed in range(config.run.seeds):
                    cell, job = _cell(task, method, seed, protocol, config.run.profile)
                    cells.append(cell)
                    if job:
                        jobs.setdefault(job.id, job)
    return Grid(tuple(cells), tuple(sorted(jobs.values(), key=lambda job: job.streams.order)))


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


def _cell(task: Task, method: Composition, seed: int, protocol: Protocol, profile: str) -> tuple[Cell, Job | None]:
    reason, streams = method.supports(task.counts), Streams.of(seed)
    identity = fit_identity(task, method, streams, protocol)
    key = "" if reason else digest(identity)
    cell = Cell(task.dataset, task.classes, task.counts, method.name, seed, profile, key, reason)
    return cell, None if reason else Job(key, identity, method.name, task, protocol, streams)
