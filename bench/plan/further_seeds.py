"""Further seeds: fits beyond those of the tables, for a decision that these leave open."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bench.plan.config import Config
from bench.plan.grid import Grid, build_grid
from bench.plan.job import Job


def further_seeds(
    config: Config, wanted: Collection[tuple[str, str, str]], done: Collection[str], step: int, most: int
) -> Grid:
    """Return the next seeds of some rows at some places, with what these fits need; no cell shows them.

    Their streams are those that `--seeds` with a higher number would give, so that they are found again by anyone.

    Parameters
    ----------
    wanted
        Rows to go on with: dataset, place, method.
    done
        Ids of the records that are there.
    step
        How many seeds to add to each.
    most
        Seeds that a row may have, those of the tables included.
    """
    run = config.run.model_copy(update={"seeds": most, "translators": 1, "subset_methods": ()})
    whole = build_grid(config.model_copy(update={"run": run}))
    next_ones: dict[tuple[str, str, str], list[str]] = {}
    for cell in whole.cells:
        row = (cell.dataset, cell.place, cell.method)
        if row in wanted and cell.fit and cell.seed >= config.run.seeds and cell.fit not in done:
            next_ones.setdefault(row, []).append(cell.fit)
    chosen = [fit for fits in next_ones.values() for fit in fits[:step]]
    return Grid((), ()).extended(_with_needs(whole.jobs, chosen))


def _with_needs(jobs: Iterable[Job], chosen: Iterable[str]) -> list[Job]:
    """Return the chosen jobs and all that they need, each after those it needs, as they stand in the grid."""
    known = {job.id: job for job in jobs}
    found, waiting = set[str](), list(chosen)
    while waiting:
        if (id := waiting.pop()) not in found:
            found.add(id)
            waiting += [need.id for need in known[id].needs]
    return [job for job in known.values() if job.id in found]
