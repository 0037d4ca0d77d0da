"""The command that asks for a second opinion: a drawn sample of what is done, done again: audit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import listing
from bench.cli.options import (
    DEFAULT_FILE,
    ConfigFile,
    Datasets,
    Methods,
    Profile,
    Results,
    Seeds,
    say,
    say_aside,
    settings_of,
    stores_of,
)
from bench.cli.running import DryRun, Executor, Workers, do
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.plan.job import Job
    from bench.store.store import Store

app = typer.Typer()


@app.command()
def audit(
    rerun: Annotated[str, typer.Option("--rerun", help="So large a share of the cells, drawn by lot, such as 2%.")],
    dataset: Datasets = None,
    method: Methods = None,
    seeds: Seeds = None,
    profile: Profile = None,
    executor: Executor = None,
    workers: Workers = None,
    results: Results = None,
    pack: Annotated[
        Path | None, typer.Option(help="Folder to write the second opinions to as packed files, when the run is done.")
    ] = None,
    dry_run: DryRun = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Do a drawn sample of the done cells once more, best on another machine: how far do they move, beside the seeds?

    The lot falls alike everywhere. Stages that a drawn cell rests on are made again too. Nothing is written among the
    records that are checked: second opinions go to the folder `second` below the results, and `imbench report` shows
    them. Without records of one's own, those of results/reference are checked; `--pack results/reference/second`
    publishes what is done, and `imbench findings` shows it.
    """
    from bench.analysis.origins import Wish, origins_of
    from bench.analysis.second import to_do_again
    from bench.plan.grid import Grid
    from bench.plan.second import SECOND, read_share
    from bench.running.environment import device_name
    from bench.running.planning import make_plan
    from bench.store.store import Store

    share = read_share(rerun)
    settings = settings_of(
        config, methods=method, seeds=seeds, profile=profile, executor=executor, workers=workers, results=results
    )
    wish = Wish(tuple(dataset or ()), tuple(method or ()))
    checked = [Store(store.root, read_only=True) for store in stores_of(settings, own=results is not None)]
    origins, lost = origins_of(settings, checked, wish)
    chosen = [origin for name, origin in origins.items() if not dataset or name in dataset]
    jobs, old = to_do_again(chosen, share, device_name())
    again = [job for job in jobs if job.kind == "twin"]
    for line in lost:
        say(line)
    drawn = {job.task.dataset for job in again}
    if absent := [name for name in dict.fromkeys(dataset or ()) if name not in drawn]:
        say(f"nothing drawn of {', '.join(absent)}: no cell of profile {settings.run.profile} is done by today's code")
    if not again:
        raise UserError(f"no cell of profile {settings.run.profile} is done by today's code; `imbench run` makes some")
    say(f"{listing.counted(len(again), 'fit')} drawn by lot: {rerun} of each dataset's, rounded up")
    if old:
        say(f"not drawn from: {listing.counted(old, 'fit')} of code that has changed since")
    folder = settings.paths.results / SECOND
    own = {  # a split is drawn once: that of the records that are checked
        name: it.model_copy(update={"split": it.kept_split(name, settings.paths.results)}) if it.root else it
        for name, it in settings.datasets.items()
    }
    paths = settings.paths.model_copy(update={"results": folder})
    settings = settings.model_copy(update={"paths": paths, "datasets": own})
    store = Store(folder)
    plan = make_plan(settings, store, grid=Grid((), ()).extended(jobs))
    do(settings, store, plan, dry_run, redo_stale=False)
    if pack and not dry_run:
        _publish(pack, settings.run.profile, again, store)
    say_aside(store)


def _publish(folder: Path, profile: str, again: Iterable[Job], store: Store) -> None:
    """Pack second opinions beside those that are published already, of another processor say."""
    from bench.store.packed import done_in
    from bench.store.store import Store

    if folder.is_dir():
        store.merge(Store(folder, read_only=True))
    by_dataset: dict[str, set[str]] = {}
    for job in again:
        if store.get(job.id):
            by_dataset.setdefault(job.task.dataset, set()).add(job.id)
    for name, new in by_dataset.items():
        file = folder / f"{name}-{profile}.jsonl"
        ids = new | done_in(file)
        store.pack(ids, file)
        say(f"{listing.counted(len(ids), 'record')} written to {file}")
