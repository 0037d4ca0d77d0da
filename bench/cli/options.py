"""What commands share: their options, their settings, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import registry
from bench.cli.rows import in_print, terminal_width
from bench.plan.config import Config, load_config
from bench.plan.spelling import check_spelling
from bench.store.store import REFERENCE, Store
from bench.training.device import Device

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration file.", envvar="IMBENCH_CONFIG")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", help="A dataset; may be repeated.")]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="A method such as CS or 'CBL(beta=0.9)'; may be repeated.")
]
Minority = Annotated[
    list[int] | None, typer.Option("--minority", help="Training images of the rare class; may be repeated.")
]
Seeds = Annotated[int | None, typer.Option("--seeds", help="Repetitions of every cell.")]
Profile = Annotated[str | None, typer.Option("--profile", help="The protocol, one of the configuration's profiles.")]
Results = Annotated[Path | None, typer.Option("--results", help="The folder of records.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def settings_of(path: Path, **overrides: Any) -> Config:
    """Return the Config of a file under a command's options, with plugins loaded and names checked."""
    default = "paper" if Device.best().is_cuda else "cpu"
    config = load_config(path, default, **{key: value for key, value in overrides.items() if value not in (None, [])})
    registry.load(config.plugins)
    check_spelling(config, path)
    return config


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


def show(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows for people, or as JSON."""
    rows = [dict(row) for row in rows]
    print(json.dumps(rows, indent=1) if as_json else in_print(rows, terminal_width()))


def say(text: str) -> None:
    """Print a line on standard error, where it disturbs no output."""
    print(text, file=sys.stderr, flush=True)


def say_aside(*stores: Store) -> None:
    """Name the files of stores that do not count."""
    for store in stores:
        for file in store.set_aside:
            say(f"set aside, not counted: {file.path}: {file.reason}")
