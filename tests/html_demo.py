"""A page made of made-up records of real shape, for the tests of the HTML report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from small_pictures import examples

from bench import registry
from bench.analysis.columns import columns
from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame
from bench.analysis.layout import TITLES, extended, generic
from bench.papers import shelf
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.job import Job
from bench.record import Predictions, Record
from bench.report import tableviews
from bench.report.departures import settings
from bench.report.figure import Figure
from bench.report.pictures import counts
from bench.report.provenance import asked, provenances
from bench.report.report import ClaimRow, Fact, MethodCard, Report, Sheet
from bench.statistics.best import Comparison, Family, compare

ROOT = Path(__file__).resolve().parent.parent
TASKS = ("horse2zebra", "digits")
NUMBERS = (3, 7)  # of the paper: methods across, and methods down
METHODS = ("Vanilla", "TS", "CS", "US", "OS", "US+CS", "OS+CS", "SMOTE", "CBL(beta=0.9)", "CBL(beta=0.999)")
BANNER = "Profile cpu, seeds: 5. Records: digits, horse2zebra from results/reference."
SHORT = "f1_minority"
ENVIRONMENT = {"python": "3.11.9", "torch": "2.14.1", "processor": "a processor", "device": "cpu"}


@dataclass(frozen=True)
class Win:
    """Method `winner` beats `loser` by `difference` +- `half_width`, and in `seeds_won` of `seeds` seeds."""

    column: str
    metric: str
    winner: str
    loser: str
    difference: float
    half_width: float
    seeds_won: int
    seeds: int


def wins_in(found: Comparison) -> Iterator[Win]:
    """Give every pair that the family tells apart, row by row."""
    for a, b in np.argwhere(found.differences > found.half_widths):
        names = found.methods[a], found.methods[b]
        won = int((found.figures[a] > found.figures[b]).sum())
        sizes = float(found.differences[a, b]), float(found.half_widths[a, b])
        yield Win(found.column, found.metric, *names, *sizes, won, found.figures.shape[1])


def made_up(job: Job, images: int = 60) -> Record:
    """Return a record of a fit that finds more of the minority the later its method stands in the list."""
    rng = np.random.default_rng([job.streams.order, min(job.task.counts)])
    skill = METHODS.index(job.method) / len(METHODS)
    labels = np.repeat([0, 1], images)
    logit = np.where(labels == 1, 2.2 * skill - 0.6, -1.8) + rng.normal(0, 1, len(labels))
    rare = 1 / (1 + np.exp(-logit))
    test = Predictions.of(labels, np.c_[1 - rare, rare])
    return Record(
        id=job.id,
        identity=job.identity,
        status="done",
        validation=test,
        test=test,
        selected_epoch=3,
        environment=ENVIRONMENT,
    )


@cache
def demo_page() -> Report:
    """Return a page with every part filled: tables of two datasets, the rest short but of real shape."""
    registry.load()
    config = load_config(ROOT / "bench.toml", profile="cpu", datasets=TASKS, methods=METHODS)
    grid = build_grid(config)
    records = {job.id: made_up(job) for job in grid.jobs if job.kind == "fit"}
    rows = frame(grid.cells, records.get, decision_of, lambda record: False)
    outcomes = columns(grid.cells, records.get, decision_of)
    families = {
        task: compare([found for (name, _), found in outcomes.items() if name == task], draws=500) for task in TASKS
    }
    wins = [(task, win) for task, family in families.items() for found in family.comparisons for win in wins_in(found)]
    return Report(
        title="Which remedy for a rare class?",
        banner=BANNER,
        profile="cpu",
        summary=tuple(_fact(task, win) for task, win in sorted(wins, key=lambda pair: -pair[1].difference)[:3]),
        notes=("Pictures of images are left out: horse2zebra is not on this machine.",),
        sheets=tuple(_sheets(rows, families)),
        pictures=(counts.figure(rows[rows["task"] == "digits"], "digits"), examples()["ranks"]()),
        claims=_claims(rows),
        methods=tuple(_cards()),
        protocol=settings(config, {"digits": "digits"}, ()),
        environment=tuple(ENVIRONMENT.items()),
        reproduce=(
            ("Run what is missing, then write this page", "make bench DATASET=horse2zebra PROFILE=cpu"),
            ("Compute every figure on this page again", "imbench verify reports/cpu"),
        ),
        cells=provenances(rows, asked(config, rows)),
    )


def figures_of(win: Win, task: str) -> dict[str, Figure]:
    """Return what a won comparison prints."""
    where = {"task": task, "place": win.column, "method": win.winner, "metric": win.metric}
    known = {"difference": win.difference, "margin": win.half_width, "wins": win.seeds_won}
    texts = {"difference": f"{win.difference:.2f}", "margin": f"{win.half_width:.2f}", "wins": str(win.seeds_won)}
    return {
        name: Figure(name, texts[name], value, against=win.loser, **where)  # type: ignore[arg-type]
        for name, value in known.items()
    }


def _fact(task: str, win: Win) -> Fact:
    shown = figures_of(win, task)
    start = f"On {task} with {win.column} images, {win.winner} beats {win.loser} by "
    end = (f" in the {TITLES[win.metric].split(',')[0]}, in ", shown["wins"], f" of {win.seeds} seeds.")
    return Fact((start, shown["difference"], " ± ", shown["margin"], *end), ("95 % interval over all comparisons.",))


def _sheets(rows: pd.DataFrame, families: dict[str, Family]) -> Iterator[Sheet]:
    mine = shelf.layouts_as(rows)
    elsewhere = {place for layout in mine for place in layout.places}
    for layout, own in zip(mine, shelf.layouts(), strict=True):
        if layout.number in NUMBERS:
            full = extended(layout, rows, elsewhere)
            three = {
                "Ours": tableviews.ours(full, rows, BANNER, interval=False),
                "Side by side with the paper": tableviews.side_by_side(full, rows, BANNER, families),
                "The paper's own numbers": tableviews.published(own),
            }
            yield Sheet(layout.name, layout.heading, three, "folded")
    for layout in generic(rows[rows["task"] == "digits"], "digits")[:1]:
        yield Sheet("digits", "digits", {"F1": tableviews.ours(layout, rows, BANNER, interval=True)})


def _claims(rows: pd.DataFrame) -> tuple[ClaimRow, ...]:
    where = {"task": "horse2zebra", "place": "450:25", "metric": SHORT}
    vanilla = rows[(rows["task"] == "horse2zebra") & (rows["minority_count"] == 25) & (rows["method"] == "Vanilla")]
    found = float(vanilla[SHORT].mean())
    mean = Figure("mean", f"{found:.4f}", found, method="Vanilla", **where)  # type: ignore[arg-type]
    return (
        ClaimRow("aug-best-25", "AUG has the best F1 of the zebras at 450:25.", "Table 3", "not run", (), "holds"),
        ClaimRow(
            "vanilla-blind", "Vanilla finds hardly any zebra at 450:25.", "Table 3", "contradicted", (mean,), "holds"
        ),
        ClaimRow(
            "os-cs-twice", "OS+CS is better than OS.", "Table 3", "undecided at this noise", (), "does not hold", True
        ),
        ClaimRow("ts-helps", "TS is better than Vanilla at 450:25.", "Table 3", "reproduced", (), "does not hold"),
    )


def _cards() -> Iterator[MethodCard]:
    for entry in registry.METHODS:
        method = entry.cls()
        parameters = ", ".join(f"{name}={value}" for name, value in method.parameters.items())
        needs = f"{method.smallest_count} images a class" if method.smallest_count > 1 else ""
        yield MethodCard(
            entry.name, entry.summary, entry.reference, method.slots, "41 s a fit, 1.0 x Vanilla", parameters, needs
        )
