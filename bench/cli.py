"""The command `imbench`: parse, call, print; the work is done elsewhere."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from tabulate import tabulate

from bench import __version__, listing, registry
from bench.audit import audits
from bench.check import check
from bench.config import DEFAULT_FILE, Config, load_config
from bench.controls import controls
from bench.device import Device
from bench.doctor import examine
from bench.download import obtain
from bench.errors import Stopped, UserError
from bench.estimate import spoken
from bench.grid import Grid, build_grid, dataset_named
from bench.job import noun
from bench.noise import repeats
from bench.progress import counting
from bench.publish import publishable
from bench.report.build import build_report, findings, page_anew
from bench.report.claims.judging import claims_rows
from bench.report.compare import compare as compare_records
from bench.report.comparison.source import open_source
from bench.report.gather import gather, stores_of
from bench.report.verify import verify as verify_report
from bench.run import Plan, decode, make_plan
from bench.run import run as run_plan
from bench.spelling import check_spelling
from bench.store import Store
from bench.why import explain

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Which method should I use against a rare class, how much does it buy, and can I believe the difference?",
)
data_app = typer.Typer(no_args_is_help=True, help="Get images and check them.")
app.add_typer(data_app, name="data")

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration file.", envvar="IMBENCH_CONFIG")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", help="A dataset; may be repeated.")]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="A method such as CS or 'CBL(beta=0.9)'; may be repeated.")
]
Minority = Annotated[
    list[int] | None, typer.Option("--minority", help="Training images of the rare class; may be repeated.")
]
Seeds = Annotated[int | None, typer.Option("--seeds", help="Repetitions of every cell.")]
Profile = Annotated[str | None, typer.Option("--profile", help="The protocol: a section of [profiles].")]
Results = Annotated[Path | None, typer.Option("--results", help="The folder of records.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Run a command; a user's error is one line and exit status 2, Ctrl-C one line and 130."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except UserError as error:
        _say(f"imbench: {error}")
        sys.exit(error.exit_status)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Print the version if asked to."""
    if show:
        print(__version__)
        raise typer.Exit


@app.command()
def run(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    seeds: Seeds = None,
    profile: Profile = None,
    executor: Annotated[str | None, typer.Option(help="inline, loky or dask.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; 0: one per core.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a running dask scheduler.")] = None,
    results: Results = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and how long it takes.")] = False,
    redo_stale: Annotated[bool, typer.Option("--redo-stale", help="Redo fits whose code has changed since.")] = False,
    for_weights: Annotated[
        bool, typer.Option("--weights", help="Redo fits whose weights [run] keep_weights wants and that have none.")
    ] = False,
    with_controls: Annotated[
        bool, typer.Option("--controls", help="Add a cheap method with the computation of each method with stages.")
    ] = False,
    oracle_audit: Annotated[
        bool, typer.Option("--oracle-audit", help="Add fits whose epoch is picked on the test set; no table has them.")
    ] = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Do every fit of the grid that is not done yet. Stop it at any moment; the same command goes on.

    Exit status: 0 all cells done, 1 some cells failed, 2 wrong usage or configuration.
    """
    settings = _config(
        config,
        datasets=dataset,
        methods=method,
        minority=minority,
        seeds=seeds,
        profile=profile,
        executor=executor,
        workers=workers,
        scheduler=scheduler,
        results=results,
    )
    store = Store(settings.paths.results)
    more = [control.job for control in controls(settings)] if with_controls else []
    more += audits(settings) if oracle_audit else []
    plan = make_plan(settings, store, redo_stale, build_grid(settings).extended(more), for_weights)
    _run(settings, store, plan, dry_run, redo_stale)


@app.command()
def noise(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    times: Annotated[int, typer.Option(min=2, help="Fits of each source, the one they share included.")] = 5,
    profile: Profile = None,
    executor: Annotated[str | None, typer.Option(help="inline, loky or dask.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; 0: one per core.")] = None,
    results: Results = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and how long it takes.")] = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Repeat fits while one source of chance varies at a time: how much of a difference is luck, and whose?

    Default: Vanilla and the control method, at the smallest minority count. `imbench report` shows the outcome.
    """
    settings = _config(
        config,
        datasets=dataset,
        methods=method,
        minority=minority,
        profile=profile,
        executor=executor,
        workers=workers,
        results=results,
    )
    chosen = settings.run.methods if method else ("Vanilla", settings.run.control)
    settings = settings.model_copy(update={"run": settings.run.model_copy(update={"methods": chosen})})
    jobs = [job for repeat in repeats(settings, times) for job in repeat.jobs]
    store = Store(settings.paths.results)
    _run(settings, store, make_plan(settings, store, grid=Grid((), ()).extended(jobs)), dry_run, redo_stale=False)


def _run(settings: Config, store: Store, plan: Plan, dry_run: bool, redo_stale: bool) -> None:
    """Say what is to be done, do it, and say what was done."""
    _say_aside(store)
    for path in plan.damaged:
        _say(f"set aside, to be made again: {path}: its content is not what was written")
    states = plan.standing.count(plan.grid.jobs)
    _say(listing.plan_text(plan, settings, Device.best()))
    if dry_run:
        return
    try:
        ended = run_plan(settings, plan, store) if plan.todo else {}
    except KeyboardInterrupt:
        raise Stopped("stopped; what was finished is stored, the same command goes on from there") from None
    stale = "" if redo_stale or not states["stale"] else f", {states['stale']} stale (--redo-stale does them again)"
    now = listing.counted(ended.get("done", 0), noun(plan.grid.jobs))
    _say(f"{now} done now, {states['done']} before, {ended.get('failed', 0)} failed{stale}")
    if ended.get("failed", 0):
        raise typer.Exit(1)


@app.command()
def status(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Show what is done, stale, failed and missing, and the time that is left."""
    settings = _config(
        config, datasets=dataset, methods=method, minority=minority, seeds=seeds, profile=profile, results=results
    )
    store = Store(settings.paths.results)
    plan = make_plan(settings, store)
    _say_aside(store)
    _show(listing.status_rows(plan), as_json)
    if not as_json:
        for line in listing.failures(plan, store):
            print(line)
        left = f"{spoken(plan.seconds_left)} with {listing.counted(plan.estimate.workers, 'worker')}"
        print(f"{listing.kinds(plan.todo)} to do, {left}")


@app.command()
def report(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write to.")] = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write the tables of every dataset that has records; without any of one's own, those of results/reference."""
    settings = _config(
        config, methods=method, minority=minority, seeds=seeds, profile=profile, results=results, reports=out
    )
    written = build_report(settings, tuple(dataset or ()), stores_of(settings, own=results is not None))
    _show([{"file": str(path)} for path in written], as_json)


@app.command()
def claims(
    dataset: Datasets = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Hold the paper's sentences, and yours, against the records: reproduced, contradicted, undecided, not run.

    Exit status 1 if a claim marked `required` has another verdict. Yours: [report] claims in bench.toml.
    """
    settings = _config(config, seeds=seeds, profile=profile, results=results)
    found = findings(gather(settings, tuple(dataset or ()), stores_of(settings, own=results is not None)))
    rows = claims_rows(found)
    if as_json:
        _show(rows, as_json)
    else:
        print(listing.claims_text(rows))
    if any(finding.failed for finding in found):
        raise typer.Exit(1)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A report's folder, such as reports/cpu.")],
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Recompute every figure of a report from the records it names. Exit status 1 if one differs."""
    settings = _config(config, results=results)
    outcome = verify_report(folder, settings, stores_of(settings, own=False), page_anew)
    if outcome.mismatches or as_json:
        _show(outcome.rows(), as_json)
    _say(
        f"{outcome.figures} figures and {listing.counted(outcome.tables, 'table')} recomputed, {outcome.derived} "
        f"margins, verdicts and the like written anew: {listing.counted(len(outcome.mismatches), 'difference')}"
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

    Exit status 1 if a cell moved.
    """
    settings = _config(config, profile=profile)
    ours, theirs = open_source(first), open_source(second)
    for name, source in ((first, ours), (second, theirs)):
        for aside in source.set_aside:
            _say(f"{name}: set aside, not counted: {aside}")
    outcome = compare_records(ours, theirs, settings)
    _show(outcome.rows(), as_json)
    if not as_json:
        _show(outcome.other_rows(), as_json)
    _say(f"{len(outcome.moved)} of {listing.counted(len(outcome.moves), 'figure')} moved beyond the noise")
    if outcome.moved:
        raise typer.Exit(1)


@app.command()
def why(
    cell: Annotated[
        str, typer.Argument(help="DATASET/MINORITY/METHOD/SEED, e.g. horse2zebra/25/CS/0, or a record's id.")
    ],
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Explain a cell: its identity, its state, and the fields or files in which it differs from what is stored."""
    settings = _config(config, profile=profile, results=results)
    explanation = explain(cell, settings, Store(settings.paths.results))
    print(json.dumps(explanation, indent=1) if as_json else listing.why_text(explanation))


@app.command()
def merge(
    sources: Annotated[list[Path], typer.Argument(help="Results folders to take records from.")],
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Take over records of other results folders. Equal identity with unequal numbers is reported, never replaced."""
    settings = _config(config, results=results)
    store = Store(settings.paths.results)
    store.prepare()
    collisions = 0
    for source in sources:
        if not source.is_dir():
            raise UserError(f"{source}: no such results folder")
        merged = store.merge(Store(source, read_only=True))
        collisions += len(merged.collisions)
        _show(listing.merge_rows(source, merged), as_json)
    if collisions:
        raise typer.Exit(1)


@app.command()
def pack(
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. results/reference/horse2zebra.jsonl.")],
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset whose cells to pack.")],
    profile: Profile = None,
    results: Results = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write the records of one dataset and profile to one compact text file, for publishing.

    Besides the grid's: further methods and counts, controls, audits and repeats that were run.
    """
    settings = _config(config, datasets=[dataset], profile=profile, results=results)
    store = Store(settings.paths.results)
    ids = publishable(settings, store, dataset)
    store.pack(ids, file)
    _say(f"{listing.counted(len(ids), 'record')} written to {file}")


@app.command()
def doctor(as_json: Json = False, config: ConfigFile = DEFAULT_FILE) -> None:
    """Look at this machine: versions, processor, memory, folders, data."""
    checks = examine(_config(config))
    _show(map(asdict, checks), as_json)
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)


@app.command("list")
def list_(
    what: Annotated[
        Literal["methods", "datasets", "profiles", "stages"],
        typer.Argument(help="methods, datasets, profiles or stages (settings of translators and evaluators)"),
    ],
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List what there is to choose from."""
    settings = _config(config)
    tables = {
        "methods": listing.methods,
        "datasets": listing.datasets,
        "profiles": listing.profiles,
        "stages": listing.stages,
    }
    rows = tables[what](settings)
    _show(rows, as_json)


@data_app.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(help="A dataset, see `imbench list datasets`.")],
    profile: Profile = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Download what can be downloaded, verify it, and decode the images at the profile's sizes."""
    settings = _config(config, profile=profile)
    dataset = dataset_named(name, settings)
    with counting(f"{name}: getting") as progress:
        _say(obtain(dataset, progress))
    with counting(f"{name}: decoding") as progress:
        files = decode(dataset, settings, progress)
    _say(f"{name}: decoded to {', '.join(str(file) for file in files.values())}")


@data_app.command("check")
def data_check(
    name: Annotated[str, typer.Argument(help="A dataset, see `imbench list datasets`.")],
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Verify digests, decodability, class counts, and duplicates across parts. Exit status 1 if anything is wrong."""
    dataset = dataset_named(name, _config(config))
    with counting(f"{name}: checking") as progress:
        findings = check(dataset, dataset.split(), progress)
    if as_json:
        _show(map(asdict, findings), as_json)
    else:
        print("\n".join(map(str, findings)))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def _config(path: Path, **overrides: Any) -> Config:
    default = "paper" if Device.best().is_cuda else "cpu"
    config = load_config(path, default, **{key: value for key, value in overrides.items() if value not in (None, [])})
    registry.load(config.plugins)
    check_spelling(config, path)
    return config


def _show(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    rows = [dict(row) for row in rows]
    print(json.dumps(rows, indent=1) if as_json else tabulate(rows, headers="keys", disable_numparse=True))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say_aside(store: Store) -> None:
    for file in store.set_aside:
        _say(f"set aside, not counted: {file.path}: {file.reason}")
