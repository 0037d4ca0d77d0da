"""Cautions: what every table of a dataset must say of a profile's network and of what its seeds vary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bench.networks.network import network_of, seen_before
from bench.plan.config import Config
from bench.plan.places import NATURAL
from bench.registry import DATASETS
from bench.report.table import Table

SUBSET = "A seed also draws which images of a class that is cut are trained on: the spread over seeds holds that luck."
WHOLE = (
    "At natural no image is left out, and seeds differ in first weights and order alone: the spread over them holds no "
    "luck of the training images, and no interval does."
)
PAIR = 4  # images of a step of AUG and ALT at least: one of each class and its translation


def cautions(config: Config, tasks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the sentences by dataset, an entry for each of them.

    A body that was pretrained on a dataset's photographs has seen them with their labels; only shipped datasets say
    where theirs come from.
    """
    return {
        task: tuple(filter(None, (has_seen(config, task), _subset(config), _joint(config, task)))) for task in tasks
    }


def with_cautions(table: Table, said: Mapping[str, tuple[str, ...]]) -> Table:
    """Return a table of our own figures with what is said of its datasets as its first notes; others as they are."""
    if not table.banner:
        return table
    labels = (*table.columns, *(row.label for row in table.rows))
    tasks = dict.fromkeys(label.place[0] for label in labels if label.place)
    places = {label.place[1] for label in labels if label.place}
    lines = dict.fromkeys(line for task in tasks for line in said.get(task, ()))
    if SUBSET in lines and NATURAL in places:
        lines |= {WHOLE: None}
        lines = {line: None for line in lines if line != SUBSET or places != {NATURAL}}
    return replace(table, notes=(*lines, *table.notes))


def has_seen(config: Config, task: str) -> str:
    """Return what to say of a profile's body that has seen a dataset's photographs with their labels, "" elsewhere."""
    if task not in DATASETS:
        return ""
    return seen_before(network_of(config.profile.protocol(task).backbone), DATASETS[task].cls)


def _subset(config: Config) -> str:
    return SUBSET if config.profile.seed_draws_subset else ""


def _joint(config: Config, task: str) -> str:
    size = config.profile.protocol(task).batch_size
    if size >= PAIR or not config.profile.trained_generators:
        return ""
    return (
        f"A step of AUG and ALT has {PAIR} images, a pair and its translations, where one of other rows has {size}: "
        "as many updates and checks, and more images."
    )
