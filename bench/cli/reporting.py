"""Commands that say what came out: report, claims, verify, compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import listing
from bench.cli.options import (
    DEFAULT_FILE,
    ConfigFile,
    Datasets,
    Json,
    Methods,
    Profile,
    Results,
    Seeds,
    say,
    say_aside,
    say_damaged,
    settings_of,
    show,
    stores_of,
    tell,
)
from bench.errors import UserError

app = typer.Typer()


@app.command()
def report(
    dataset: Datasets = None,
    method: Methods = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write to.")] = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write the page and the tables of every dataset that has records, with all methods and counts that were run.

    With --method, of these methods alone.
    Without records of one's own, those of results/reference.
    """
    from rich.console import Console

    from bench.report.build import build_report

    settings = settings_of(config, seeds=seeds, profile=profile, results=results, reports=out)
    stores = stores_of(settings, own=results is not None)
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    with console.status("Reading records, drawing, writing ..."):  # a minute or some, the more of them there are
        written, damaged = build_report(settings, tuple(dataset or ()), stores, tuple(method or ()))
    say_aside(*stores)
    say_damaged(damaged)
    show([{"file": str(path)} for path in written], as_json)


@app.command()
def claims(
    dataset: Datasets = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Hold the papers' sentences, and yours, against the records: reproduced, contradicted, undecided, not run.

    Exit status 1 if a claim marked `required` has another verdict. Yours: `report.claims` in bench.toml.
    """
    from bench.claims.verdicts import claims_rows
    from bench.report.build import findings, gathered

    settings = settings_of(config, seeds=seeds, profile=profile, results=results)
    stores = stores_of(settings, own=results is not None)
    shown = gathered(settings, tuple(dataset or ()), stores)
    found = findings(shown)
    say_aside(*stores)
    for line in shown.lost:
        say(line)
    if dataset:
        found = tuple(finding for finding in found if finding.claim.task in dataset)
        if not found:
            say(f"no claim speaks of {' or '.join(dataset)}")
    rows = claims_rows(found)
    if as_json:
        show(rows, as_json)
    else:
        tell(listing.claims_text(rows))
    if any(finding.failed for finding in found):
        raise typer.Exit(1)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A report's folder, such as reports/cpu.")],
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Build a report again from the records it names, and recompute its figures. Exit status 1 if one differs."""
    from bench.report.verify import verify as verify_report

    settings = settings_of(config, results=results)
    stores = stores_of(settings, own=False)
    outcome = verify_report(folder, settings, stores)
    say_aside(*stores)
    if outcome.mismatches or as_json:
        show(outcome.rows(), as_json)
    say(
        f"{outcome.figures} figures recomputed, {outcome.entries} entries of report.json built again and "
        f"{listing.counted(outcome.files, 'file')} written again: "
        f"{listing.counted(len(outcome.mismatches), 'difference')}"
    )
    if outcome.mismatches:
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A: a results folder, a packed .jsonl file, or a git revision.")],
    second: Annotated[str, typer.Argument(help="B: likewise.")],
    profile: Profile = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Show which cells of B moved from A by more than noise explains, and what changed between them.

    Exit status 1 if a cell moved, 2 if there is nothing to compare.
    """
    from bench.analysis.compare import compare as compare_records
    from bench.analysis.sides import open_side

    settings = settings_of(config, profile=profile)
    ours, theirs = open_side(first), open_side(second)
    for name, side in ((first, ours), (second, theirs)):
        for aside in side.set_aside:
            say(f"{name}: set aside, not counted: {aside}")
    outcome = compare_records(ours, theirs, settings)
    if not outcome.moves:
        alone = {row["what"]: row["which"] for row in reversed(outcome.other_rows())}
        such = "".join(f"; {what}: {which}" for what, which in sorted(alone.items()))
        raise UserError(f"nothing could be compared: no run of {first} has its like in {second}{such}")
    show(outcome.rows(), as_json)
    if not as_json:
        show(outcome.other_rows(), as_json)
    say(f"{len(outcome.moved)} of {listing.counted(len(outcome.moves), 'figure')} moved beyond the noise")
    if outcome.moved:
        raise typer.Exit(1)
