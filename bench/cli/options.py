"""What commands share: their options, their settings, and how they print."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.terminal import CLOSED
from bench.errors import UserError, one_line, printable, shortened
from bench.plan.bounds import MOST_SEEDS

if TYPE_CHECKING:  # heavy modules are imported in the command that needs them, so that others need not wait
    from bench.plan.config import Config
    from bench.store.store import Store

DEFAULT_FILE = Path("bench.toml")  # as in bench.plan.config, which help need not wait for
ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration file.", envvar="IMBENCH_CONFIG")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", help="A dataset; may be repeated.")]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="A method such as CS or 'CBL(beta=0.9)'; may be repeated.")
]
Minority = Annotated[
    list[int] | None, typer.Option("--minority", help="Training images of the rare class; may be repeated.")
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", help="Another imbalance: 'exp 100', 'step 10', natural, 450:25; may be repeated."),
]
Seeds = Annotated[int | None, typer.Option("--seeds", help=f"Repetitions of every cell, at most {MOST_SEEDS:,}.")]
Profile = Annotated[str | None, typer.Option("--profile", help="The protocol, one of the configuration's profiles.")]
Results = Annotated[Path | None, typer.Option("--results", help="The folder of records.")]


def no_number(value: float) -> float:
    """Refuse what `float` reads but nothing can be measured by: no range keeps it out.

    Raises
    ------
    UserError
        It is NaN.
    """
    if math.isnan(value):
        raise UserError("nan is no number: give one such as 0.01")
    return value


Delta = Annotated[
    float,
    typer.Option("--delta", min=0, max=1e6, callback=no_number, help="The difference nobody would care about."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


PATHS = frozenset(("--chart", "--config", "--copy-by-class", "--out", "--pack", "--readme", "--results"))


def refuse_empty_paths(arguments: Sequence[str]) -> None:
    """Refuse an option whose path is empty: it would be the working folder, which nobody named.

    Raises
    ------
    UserError
        There is one; the text names it.
    """
    for option, value in pairwise([*arguments, "-"]):
        name, given, joined = option.partition("=")
        if name in PATHS and not (joined if given else value).strip():
            raise UserError(f"{name}: an empty path; leave the option out, or say . for the working folder")


def target(path: Path | None) -> Path | None:
    """Refuse to write among the system's own files: a file is written by a rename, which would take a device's place.

    Raises
    ------
    UserError
        The path lies in /proc or /sys, or is one of /dev, such as /dev/stdout.
    """
    if path is not None:
        folder = path.absolute().parent.resolve()
        if folder == Path("/dev") or folder.parts[:2] in (("/", "proc"), ("/", "sys")):
            raise UserError(f"{path}: no place for a file")
    return path


def picture_file(path: Path | None) -> Path | None:
    """Refuse to draw into a file that no picture is kept in.

    Raises
    ------
    UserError
        The name does not end in .png, or is one that `target` refuses.
    """
    if path is not None and path.suffix.lower() != ".png":
        raise UserError(f"{path}: a chart is a PNG file, and ends in .png")
    return target(path)


def settings_of(path: Path, **overrides: Any) -> Config:
    """Return the Config of a file under a command's options, with plugins loaded and names checked."""
    from bench import registry
    from bench.plan.config import load_config
    from bench.plan.spelling import check_spelling
    from bench.training.device import has_cuda

    default = "paper" if has_cuda() else "cpu"
    config = load_config(path, default, **{key: value for key, value in overrides.items() if value not in (None, [])})
    registry.load(config.plugins)
    check_spelling(config, path)
    return config


def load_plugins(config: Path) -> None:
    """Import what is registered and the plugins of a configuration: a model may be of one's own method."""
    settings_of(config)


def load_names() -> None:
    """Import what is registered, for commands without a configuration."""
    from bench import registry

    registry.load()


def stores_of(config: Config, own: bool) -> list[Store]:
    """Return where a report's records are looked for.

    Parameters
    ----------
    own
        Whether the user named the results folder: then nothing else is looked at. Otherwise, where there is no record
        there, `results/reference` is read, so that a fresh clone has a report.
    """
    from bench.store.remembering import RememberingStore
    from bench.store.store import REFERENCE, Store

    results = config.paths.results
    return [Store(results)] if own else [Store(results), RememberingStore(results / REFERENCE)]


def show(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows for people, or as JSON."""
    from bench.cli.rows import in_print, terminal_width

    rows = [dict(row) for row in rows]
    tell(json.dumps(rows, indent=1) if as_json else in_print(rows, terminal_width()))


def tell(text: str) -> None:
    """Print what a command was asked for on standard output.

    Raises
    ------
    UserError
        It cannot be written; a reader that has gone, as `head` does, is a quiet end.
    """
    try:
        print(printable(text))
    except BrokenPipeError:
        raise typer.Exit(CLOSED) from None
    except OSError as error:
        raise UserError(f"the output cannot be written: {error.strerror or error}") from None


def say(line: str) -> None:
    """Print a line on standard error, where it disturbs no output; what names in it hold makes no other line of it."""
    print(shortened(one_line(line)), file=sys.stderr, flush=True)


def say_text(text: str) -> None:
    """Print lines on standard error; names in them are those of `one_line`."""
    print(printable(text), file=sys.stderr, flush=True)


@contextmanager
def naming_aside(store: Store) -> Iterator[None]:
    """Name the files of a store that do not count, and in the end those that the block met."""
    say_aside(store)
    told = {file.path for file in store.set_aside}
    try:
        yield
    finally:
        say_aside(store, told=told)


def say_damaged(paths: Iterable[Path]) -> None:
    """Name artifacts that were moved aside: whoever looks next does not meet them any more."""
    for path in paths:
        say(f"set aside, to be made again: {path}: its content is not what was written")


def say_aside(*stores: Store, told: Collection[str] = ()) -> None:
    """Name the files of stores that do not count, but for those that were told."""
    for store in stores:
        for file in store.set_aside:
            if file.path in told:
                continue
            say(f"set aside, not counted: {file.path}: {file.reason}")
