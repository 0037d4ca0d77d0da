"""Settings: the protocol that a report's runs had, and in what it departs from the paper's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bench.config import Config
from bench.protocol import Protocol
from bench.record import Record
from bench.report import paper
from bench.report.evidence import Listing
from bench.report.table import DASH

PAPER = "paper"
SILENT = ("threads", "precision")  # settings that the paper does not have


def settings(config: Config, tasks: Mapping[str, str], records: Iterable[Record]) -> Listing:
    """Return every setting with its value for each dataset, the paper's beside it where there is one, and its meaning.

    `tasks` are the datasets with what they are called in print; of the first fit of each, the sizes of its parts are
    told.
    """
    columns = {}
    for task, shown in tasks.items():
        columns[shown] = config.profile.protocol(task).model_dump()
        if theirs := _papers(config, task):
            columns[f"{shown}, as the paper"] = theirs
    rows = [
        (name, *(DASH if it[name] is None else str(it[name]) for it in columns.values()), field.description or "")
        for name, field in Protocol.model_fields.items()
        if any(it[name] is not None for it in columns.values())
    ]
    fits = {str(it.identity["dataset"]): it for it in records if it.kind == "fit" and it.test}
    parts = [f"{shown}: {_sizes(fits[task])}." for task, shown in tasks.items() if task in fits]
    return Listing("settings", "Protocol", " ".join(parts), ("Setting", *columns, "Meaning"), tuple(rows))


def _sizes(record: Record) -> str:
    """Say how many images of each class validation and test have."""
    parts = {"validation": record.validation, "test": record.test}
    named = (f"{' + '.join(map(str, part.counts))} {name} images" for name, part in parts.items() if part)
    return " and ".join(named) + ", by class"


def _papers(config: Config, task: str) -> dict[str, object] | None:
    """Return the settings of the paper's protocol for one of its datasets; None if it has none, or they are ours."""
    if task not in paper.tasks() or PAPER not in config.profiles or config.run.profile == PAPER:
        return None
    return config.profiles[PAPER].protocol(task).model_dump()


def departures(config: Config, tasks: Mapping[str, str]) -> Iterator[str]:
    """Say in what the protocol is not the paper's: a difference of protocols is not one of methods."""
    for task, shown in tasks.items():
        ours, theirs = config.profile.protocol(task).model_dump(), _papers(config, task)
        apart = [
            f"{name.replace('_', ' ')} {ours[name]} (the paper's {value})"
            for name, value in (theirs or {}).items()
            if name not in SILENT and value is not None and ours[name] != value
        ]
        if apart:
            yield (
                f"{shown}: profile {config.run.profile} is not the paper's protocol: {', '.join(apart)}; see Protocol. "
                "A difference to the paper's numbers may be one of protocols."
            )
