"""What the commands print: states, choices and explanations as rows or lines of text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import one_line

if TYPE_CHECKING:  # what is listed is imported by then, and help needs none of it
    from bench.plan.config import Config
    from bench.plan.job import Job
    from bench.plan.state import State
    from bench.running.planning import Plan
    from bench.store.merge import MergeReport
    from bench.store.store import Store

Rows = list[dict[str, Any]]
STATES: tuple[State, ...] = ("done", "stale", "failed", "missing")


def plan_text(plan: Plan, config: Config, device: str) -> str:
    """Return in a few lines what a run is about to do, on what, and for how long."""
    states = plan.standing.count(plan.grid.jobs)
    known = ", ".join(f"{states[state]} {state}" for state in STATES if states[state])
    apart = sum(bool(cell.not_applicable) for cell in plan.grid.cells)
    reasons = dict.fromkeys(cell.not_applicable for cell in plan.grid.cells if cell.not_applicable)
    return "\n".join(
        one_line(line)
        for line in (
            f"profile {config.run.profile} on {device}, executor {config.run.executor}, "
            f"{counted(plan.estimate.workers, 'worker')}, results in {config.paths.results}",
            f"{_asked(plan)}{f' ({known})' if known else ''}"
            + (f"; not applicable: {counted(apart, 'cell')} ({'; '.join(reasons)})" if apart else ""),
            f"{kinds(plan.todo)} to do, {time_left(plan)}" if plan.todo else "nothing left to do",
        )
    )


def _asked(plan: Plan) -> str:
    """Return how many cells there are, the jobs that they rest on, and those of experiments beside them."""
    used = {id for cell in plan.grid.cells for id in (cell.fit, *cell.stages)}
    of_cells = [job for job in plan.grid.jobs if job.id in used]
    others = [job for job in plan.grid.jobs if job.id not in used]
    beside = f"{'; ' if of_cells else ''}beside the tables {kinds(others)}" if others else ""
    cells = f"{counted(len(plan.grid.cells), 'cell')} from {kinds(of_cells)}" if of_cells or not others else ""
    return f"{cells}{beside}"


def time_left(plan: Plan) -> str:
    """Return how long the jobs to be done will take, with how many workers, and whose records say so."""
    from bench.plan.estimate import spoken

    source = ", if this machine is as fast as those of the committed records" if plan.estimate.borrowed else ""
    return f"{spoken(plan.seconds_left)} with {counted(plan.estimate.workers, 'worker')}{source}"


def kinds(jobs: Sequence[Job]) -> str:
    """Return how many jobs of each kind there are, such as `220 fits, 8 stages`."""
    counts = Counter(job.kind for job in jobs)
    return ", ".join(counted(n, kind) for kind, n in counts.items()) or "0 fits"


def counted(n: int, noun: str) -> str:
    """Return a number with its noun in the right form."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def status_rows(plan: Plan) -> Rows:
    """Return one row per dataset and minority count: how many fits are in each state."""
    counters: defaultdict[tuple[str, str], Counter[State]] = defaultdict(Counter)
    for job in plan.grid.jobs:
        counters[job.task.dataset, job.task.place][plan.standing.states[job.id]] += 1
    return [
        {"dataset": name, "counts": counts, **{state: counter[state] for state in STATES}}
        for (name, counts), counter in counters.items()
    ]


def failures(plan: Plan, store: Store) -> Iterator[str]:
    """Yield one line per failed fit and one per method that does not apply."""
    summaries = store.summaries()
    for job in plan.grid.jobs:
        if plan.standing.states[job.id] == "failed":
            yield one_line(f"failed: {job.label}: {summaries[job.id].error}")
    for cell in plan.grid.cells:
        if cell.not_applicable and cell.seed == 0:
            yield one_line(f"not applicable: {cell.dataset} {cell.place} {cell.method}: {cell.not_applicable}")


def claims_text(rows: Rows) -> str:
    """Return claims as short paragraphs: verdict, sentence, figures."""
    lines = []
    for row in rows:
        required = f" [required: {row['required']}]" if row["required"] else ""
        lines.append(f"{row['verdict']}: {row['says']} ({row['source']}; claim {row['claim']}){required}")
        if row["figures"]:
            lines.append(f"    {row['figures']}")
    verdicts = Counter(str(row["verdict"]) for row in rows)
    return "\n".join([*lines, ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())])


def merge_rows(source: Path, merged: MergeReport) -> Rows:
    """Return how many records a merge took over, and one row for each that contradicts ours."""
    summary = {
        "source": str(source),
        "added": len(merged.added),
        "upgraded": len(merged.upgraded),
        "same": len(merged.same),
        "busy": len(merged.busy),
        "collisions": len(merged.collisions),
    }
    return [
        summary,
        *(
            {"source": f"{source}: {found.id} differs by {found.difference:.2g} in {', '.join(found.fields)}"}
            for found in merged.collisions
        ),
    ]


def why_text(explanation: dict[str, Any]) -> str:
    """Return an explanation as indented lines."""
    lines = []
    for key, value in explanation.items():
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {name}: {inner}" for name, inner in value.items())]
        elif isinstance(value, list):
            lines += [f"{key}:", *(f"  {inner}" for inner in value)]
        else:
            lines += f"{key}: {value}".replace("\n", "\n    ").split("\n")  # an error's text may have many
    return "\n".join(map(one_line, lines))
