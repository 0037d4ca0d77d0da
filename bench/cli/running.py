"""Commands that do work, and say what is left: run, status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import listing
from bench.cli.introducing import introduce, say_features
from bench.cli.options import (
    DEFAULT_FILE,
    At,
    ConfigFile,
    Datasets,
    Delta,
    Json,
    Methods,
    Minority,
    Profile,
    Results,
    Seeds,
    naming_aside,
    say,
    say_aside,
    say_damaged,
    say_text,
    settings_of,
    show,
    tell,
)
from bench.errors import Stopped
from bench.plan.bounds import MOST_SEEDS

if TYPE_CHECKING:
    from bench.plan.config import Config
    from bench.plan.grid import Grid
    from bench.running.planning import Plan
    from bench.store.store import Store

app = typer.Typer()
Executor = Annotated[str | None, typer.Option(help="inline, loky or dask.")]
Workers = Annotated[int | None, typer.Option(help="Worker processes; 0: one per core.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and how long it takes.")]


@app.command()
def run(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    at: At = None,
    seeds: Seeds = None,
    profile: Profile = None,
    executor: Executor = None,
    workers: Workers = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a running dask scheduler.")] = None,
    results: Results = None,
    dry_run: DryRun = False,
    redo_stale: Annotated[bool, typer.Option("--redo-stale", help="Redo fits whose code has changed since.")] = False,
    for_weights: Annotated[
        bool, typer.Option("--weights", help="Redo fits whose weights are to be kept (keep_weights) and are not.")
    ] = False,
    with_controls: Annotated[
        bool,
        typer.Option("--controls", help="Add cheaper methods given as much computation, for each method with stages."),
    ] = False,
    oracle_audit: Annotated[
        bool, typer.Option("--oracle-audit", help="Add fits whose epoch is picked on the test set; no table has them.")
    ] = False,
    first_look: Annotated[
        bool, typer.Option("--first-look", help="Do two seeds of the quick rows first, and write their table.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder of reports that the first look goes to.")
    ] = None,
    decide: Annotated[
        bool, typer.Option("--decide", help="Then add seeds to methods in contention until it is known which to take.")
    ] = False,
    metric: Annotated[str, typer.Option("--metric", help="What --decide decides by, e.g. acsa.")] = "",
    delta: Delta = 0.01,
    max_seeds: Annotated[
        int, typer.Option("--max-seeds", min=2, max=MOST_SEEDS, help="Seeds that --decide may give a method.")
    ] = 30,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Do every fit of the grid that is not done yet. Stop it at any moment; the same command goes on.

    Exit status: 0 all cells have a record of today's code, 1 some do not, 2 wrong usage or configuration.
    """
    from bench.plan.beside import Beside
    from bench.plan.grid import build_grid
    from bench.running.environment import device_name
    from bench.running.planning import make_plan
    from bench.store.store import Store

    settings = settings_of(
        config,
        datasets=dataset,
        methods=method,
        minority=minority,
        at=at,
        seeds=seeds,
        profile=profile,
        executor=executor,
        workers=workers,
        scheduler=scheduler,
        results=results,
        reports=out,
    )
    datasets = introduce(settings, keep=not dry_run)
    store = Store(settings.paths.results)
    grid = build_grid(settings)  # first: it refuses what is too much
    grid = grid.extended(Beside(with_controls, oracle_audit).jobs(settings, store.get, device_name()))
    if decide:
        from bench.cli.deciding import check_race

        check_race(settings, store, grid, metric, max_seeds)
    plan = make_plan(settings, store, redo_stale, grid, for_weights)
    say_features(datasets, settings, plan)
    if first_look and not dry_run:
        from bench.cli.first_look import look_first

        with stoppable():
            looked = look_first(settings, store, plan)
        plan = make_plan(settings, store, redo_stale, grid, for_weights) if looked else plan
    do(settings, store, plan, dry_run, redo_stale)
    if decide and dry_run:
        say(f"then up to {max_seeds} seeds for methods in contention: how many, only their records can tell")
    elif decide:
        from bench.cli.deciding import decide as run_on

        def perform(grid: Grid) -> None:
            do(settings, store, make_plan(settings, store, grid=grid), dry_run=False, redo_stale=False)

        run_on(settings, store, metric, delta, max_seeds, perform)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C into one line."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped("stopped; what was finished is stored, the same command goes on from there") from None


def do(settings: Config, store: Store, plan: Plan, dry_run: bool, redo_stale: bool) -> None:
    """Say what is to be done, do it, and say what was done."""
    from bench.plan.job import noun
    from bench.running.planning import left_undone
    from bench.training.device import in_words

    with naming_aside(store):
        say_damaged(plan.damaged)
        states = plan.standing.count(plan.grid.jobs)
        say_text(listing.plan_text(plan, settings, in_words()))
        if dry_run:
            return
        if (address := settings.run.scheduler) and not address.startswith("tls://"):
            say(f"{address}: whoever can reach it can run code on workers and here (docs/cluster.md: TLS)")
        with stoppable():
            from bench.running.run import run as run_plan

            ended = run_plan(settings, plan, store) if plan.todo else {}
        stale = "" if redo_stale or not states["stale"] else f", {states['stale']} stale (--redo-stale does them again)"
        now = listing.counted(ended.get("done", 0), noun(plan.grid.jobs))
        before = states["done"] + ended.get("reused", 0)
        say(f"{now} done now, {before} before, {ended.get('failed', 0)} failed{stale}")
        undone = left_undone(plan, store)
    absent = [job.label for job, state in undone if state == "missing" and not ended.get("failed", 0)]
    if absent:
        say(f"no record: {', '.join(absent[:3])}{f' and {len(absent) - 3} more' if len(absent) > 3 else ''}")
    if ended.get("failed", 0) or undone:
        raise typer.Exit(1)


@app.command()
def status(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    at: At = None,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Show what is done, stale, failed and missing, and the time that is left."""
    from bench.running.planning import make_plan
    from bench.store.store import Store

    settings = settings_of(
        config,
        datasets=dataset,
        methods=method,
        minority=minority,
        at=at,
        seeds=seeds,
        profile=profile,
        results=results,
    )
    store = Store(settings.paths.results)
    plan = make_plan(settings, store, counting=False)
    say_aside(store)
    say_damaged(plan.damaged)
    show(listing.status_rows(plan), as_json)
    if not as_json:
        for line in listing.failures(plan, store):
            tell(line)
        from bench.cli.rows import terminal_width

        left = f"{listing.kinds(plan.todo)} to do, {listing.time_left(plan)}" if plan.todo else "nothing left to do"
        tell(fill(left, terminal_width(), break_on_hyphens=False))
