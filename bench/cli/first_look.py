"""The first look of a long run: its quickest rows first, so that there is something to read after a minute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.cli.options import say, say_damaged

if TYPE_CHECKING:
    from bench.plan.config import Config
    from bench.running.planning import Plan
    from bench.store.store import Store

SEEDS = 2


def look_first(settings: Config, store: Store, plan: Plan) -> bool:
    """Do two seeds of the rows that need no stage and write their means; return whether there were any to do."""
    from bench.report.first_look import write_first_look
    from bench.running.run import run as run_plan

    cells = [cell for cell in plan.grid.cells if cell.fit and not cell.stages and cell.seed < SEEDS]
    wanted = {cell.fit for cell in cells}
    quick = tuple(job for job in plan.todo if job.id in wanted)
    if not quick or len(quick) == len(plan.todo):
        return False
    say_damaged(plan.damaged)  # what is planned after the look meets them no more
    say(f"first {len(quick)} fits of the rows that need no translator or generator")
    run_plan(settings, replace(plan, todo=quick), store)
    say(f"a first table is in {write_first_look(settings, cells, store)}; going on with the rest")
    return True
