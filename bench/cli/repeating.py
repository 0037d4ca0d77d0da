"""The command that repeats fits to see whose luck a difference may be: noise."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.options import (
    DEFAULT_FILE,
    At,
    ConfigFile,
    Datasets,
    Methods,
    Minority,
    Profile,
    Results,
    say,
    settings_of,
)
from bench.cli.running import DryRun, Executor, Workers, do
from bench.errors import UserError

app = typer.Typer()


@app.command()
def noise(
    dataset: Datasets = None,
    method: Methods = None,
    minority: Minority = None,
    at: At = None,
    times: Annotated[int, typer.Option(min=2, max=1000, help="Fits of each source, the one they share included.")] = 5,
    profile: Profile = None,
    executor: Executor = None,
    workers: Workers = None,
    results: Results = None,
    dry_run: DryRun = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Repeat fits while one source of chance varies at a time: how much of a difference is luck, and whose?

    Default: the control methods that need no stage, at the smallest minority count. `imbench report` shows the outcome.
    Exit status 1 if a method named does not apply somewhere: what applies is done.
    """
    from bench.plan.beside import Beside
    from bench.plan.controls import cheap_controls
    from bench.plan.grid import Grid
    from bench.plan.repeats import not_repeated
    from bench.running.environment import device_name
    from bench.running.planning import make_plan
    from bench.store.store import Store

    settings = settings_of(
        config,
        datasets=dataset,
        methods=method,
        minority=minority,
        at=at,
        profile=profile,
        executor=executor,
        workers=workers,
        results=results,
    )
    chosen = settings.run.methods if method else cheap_controls(settings)
    noisy = settings.model_copy(update={"run": settings.run.model_copy(update={"methods": chosen})})
    lines = not_repeated(noisy)
    store = Store(settings.paths.results)
    jobs = Beside(noise=chosen, times=times).jobs(settings, store.get, device_name())
    if not jobs:
        raise UserError("; ".join(lines) or "no control method is without a stage: name one with --method")
    for line in lines:
        say(line)
    do(settings, store, make_plan(settings, store, grid=Grid((), ()).extended(jobs)), dry_run, redo_stale=False)
    if method and lines:
        raise typer.Exit(1)
