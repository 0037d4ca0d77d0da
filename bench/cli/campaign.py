"""The command that does the runs of a campaign one after the other, and publishes what is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import listing
from bench.cli.options import DEFAULT_FILE, ConfigFile, Json, Results, say, say_aside, say_damaged, settings_of, show
from bench.cli.running import Executor, Workers, do
from bench.errors import Stopped, UserError

if TYPE_CHECKING:
    from bench.plan.campaign import Campaign, CampaignRun
    from bench.plan.config import Config
    from bench.plan.grid import Grid
    from bench.record import Record
    from bench.store.store import Store

app = typer.Typer()


@app.command()
def campaign(
    file: Annotated[Path, typer.Argument(help="The campaign's file, e.g. results/reference/campaign.toml.")],
    only: Annotated[list[str] | None, typer.Option("--only", help="A run of it by name; may be repeated.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is left, in core-hours, and do nothing.")
    ] = False,
    pack: Annotated[
        Path | None,
        typer.Option(help="Folder for a packed file of every dataset and profile, written when a run ends or stops."),
    ] = None,
    executor: Executor = None,
    workers: Workers = None,
    results: Results = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Do the runs of a campaign one after the other. Stop it at any moment; the same command goes on.

    Core-hours are learned from the time that like jobs took on cores, whatever ran beside them.
    """
    from bench.errors import ConfigError, unknown
    from bench.plan.campaign import read_campaign

    runs = read_campaign(file)
    names = [run.name for run in runs.run]
    for name in only or ():
        if name not in names:
            raise ConfigError(f"{file}: {unknown('run', name, names)}")
    chosen = [run for run in runs.run if not only or run.name in only]
    settings = {
        run.name: settings_of(config, **run.overrides, executor=executor, workers=workers, results=results)
        for run in chosen
    }
    if dry_run:
        _say_what_is_left(runs, chosen, settings, as_json)
        return
    failed = []
    for run in chosen:
        say("")
        say(run.name)
        try:
            failed += [run.name] if _do(run, settings[run.name]) else []
        finally:  # also where somebody stops it
            if pack:
                _publish(pack, run, runs, config, results)
    if failed:
        say(f"not all is done in {', '.join(failed)}")
        raise typer.Exit(1)


def _do(run: CampaignRun, settings: Config) -> bool:
    """Do one run; return whether a cell of it failed."""
    from bench.plan.repeats import not_repeated
    from bench.running.planning import make_plan
    from bench.store.store import Store

    store = Store(settings.paths.results)
    try:
        plan = make_plan(settings, store, grid=_grid(run, settings, store))
        noisy = settings.model_copy(update={"run": settings.run.model_copy(update={"methods": run.noise})})
        for line in not_repeated(noisy):
            say(line)
        do(settings, store, plan, dry_run=False, redo_stale=False)
    except typer.Exit:
        return True
    except Stopped:  # is no error of this run: the others are not to begin either
        raise
    except UserError as error:
        say(f"imbench: {error}")
        return True
    return False


def _grid(run: CampaignRun, settings: Config, store: Store) -> Grid:
    from bench.plan.campaign import planned
    from bench.running.environment import device_name

    return planned(run, settings, store.get, device_name())


def _say_what_is_left(runs: Campaign, chosen: list[CampaignRun], settings: dict[str, Config], as_json: bool) -> None:
    from bench.running.planning import make_plan
    from bench.store.store import Store

    rows: list[dict[str, object]] = []
    seen, told = set[str](), set[str]()
    total = 0.0
    stores: dict[Path, Store] = {}  # each asks its index once, however many runs share it
    for run in chosen:
        results = settings[run.name].paths.results
        store = stores.setdefault(results, Store(results))
        plan = make_plan(settings[run.name], store, grid=_grid(run, settings[run.name], store), clock="processor")
        say_aside(store, told=told)
        told |= {file.path for file in store.set_aside}
        say_damaged(plan.damaged)
        ours = [job for job in plan.todo if job.id not in seen]
        seen |= {job.id for job in ours}
        hours = sum(plan.estimate.seconds(job) or 0.0 for job in ours) / 3600
        total += hours
        rows.append(
            {
                "run": run.name,
                "jobs": len(plan.grid.jobs),
                "to do": len(ours),
                "core-hours": round(hours, 2),
            }
        )
    show([*rows, {"run": "all", "jobs": "", "to do": len(seen), "core-hours": round(total, 2)}], as_json)
    if runs.core_hours is not None and total > runs.core_hours:
        say(f"{total:.2g} core-hours are more than the {runs.core_hours:g} that the campaign may take")


def _publish(folder: Path, just: CampaignRun, runs: Campaign, config: Path, results: Path | None) -> None:
    """Pack what is done of the datasets of a run in its profile, by this run or another of the campaign."""
    from bench.plan.publish import publishable, records_of
    from bench.store.store import Store

    found: dict[tuple[str, str], dict[str, None]] = {}
    records: dict[str, dict[str, Record]] = {}
    store: Store | None = None
    for run in runs.run:
        shared = [dataset for dataset in run.datasets if dataset in just.datasets and run.profile == just.profile]
        if not shared:
            continue
        settings = settings_of(config, **run.overrides, results=results)
        store = store or Store(settings.paths.results)
        for dataset in shared:
            if dataset not in records:
                records[dataset] = records_of(store, dataset)
            try:
                ids = publishable(settings, records[dataset], dataset, _grid(run, settings, store))
            except UserError:  # a run that cannot be planned has said so, and publishes nothing
                continue
            found.setdefault((dataset, run.profile), {}).update(dict.fromkeys(ids))
    for (dataset, profile), done in found.items():
        if done and store:
            file = folder / f"{dataset}-{profile}.jsonl"
            store.pack(sorted(done), file)
            say(f"{listing.counted(len(done), 'record')} written to {file}")
    if store:
        say_aside(store)
