"""Commands about stored records: why, merge, pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import listing
from bench.cli.options import (
    DEFAULT_FILE,
    ConfigFile,
    Json,
    Profile,
    Results,
    say,
    say_aside,
    settings_of,
    show,
    stores_of,
    target,
    tell,
)
from bench.errors import UserError

app = typer.Typer()


@app.command()
def why(
    cell: Annotated[
        str,
        typer.Argument(
            help="DATASET/PLACE/METHOD/SEED, e.g. horse2zebra/25/CS/0 or 'cifar10/exp 100/OS/0', or a record's id."
        ),
    ],
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Explain a cell: its identity, its state, and the fields or files in which it differs from what is stored.

    A record that is not among one's own is looked for in results/reference.
    """
    from bench.plan.why import explain

    settings = settings_of(config, profile=profile, results=results)
    stores = stores_of(settings, own=results is not None)
    explanation = explain(cell, settings, stores)
    say_aside(*stores)
    tell(json.dumps(explanation, indent=1) if as_json else listing.why_text(explanation))


@app.command()
def merge(
    sources: Annotated[list[Path], typer.Argument(help="Results folders to take records from.")],
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Take over records of other results folders. Equal identity with unequal numbers is reported, never replaced."""
    from bench.store.store import Store

    settings = settings_of(config, results=results)
    store = Store(settings.paths.results)
    store.prepare()
    left = 0
    rows: listing.Rows = []
    for source in sources:
        if not source.is_dir():
            raise UserError(f"{source}: no such results folder")
        other = Store(source, read_only=True)
        if not other.summaries() and not other.set_aside:
            raise UserError(f"{source}: no record in it; give a results folder")
        merged = store.merge(other)
        say_aside(other)
        left += len(merged.collisions) + len(merged.busy) + len(other.set_aside)
        rows += listing.merge_rows(source, merged)
    say_aside(store)
    show(rows, as_json)
    if left:
        raise typer.Exit(1)


@app.command()
def pack(
    file: Annotated[
        Path, typer.Argument(help="The file to write, e.g. results/reference/horse2zebra.jsonl.", callback=target)
    ],
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset whose cells to pack.")],
    profile: Profile = None,
    results: Results = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write the records of one dataset and profile to one compact text file, for publishing.

    Besides the grid's: further methods and counts, controls, audits and repeats that were run.
    """
    from bench.analysis.origins import possible
    from bench.plan.grid import build_grid
    from bench.plan.publish import publishable, records_of
    from bench.store.store import Store

    settings = settings_of(config, datasets=[dataset], profile=profile, results=results)
    store = Store(settings.paths.results)
    asked, uncut = possible(settings, dataset)
    ids = publishable(settings, records_of(store, dataset), dataset, build_grid(asked))
    for line in uncut:
        say(line)
    say_aside(store)
    if not ids:
        kept = f"; {file} is left as it is" if file.exists() else ""
        raise UserError(f"{store.root} has no record of {dataset} of profile {settings.run.profile}{kept}")
    store.pack(ids, file)
    say(f"{listing.counted(len(ids), 'record')} written to {file}")
