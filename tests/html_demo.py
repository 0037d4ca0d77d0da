"""A page made of the records that are committed, for the tests of the HTML report."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
from small_pictures import examples

from bench import registry
from bench.analysis.columns import columns
from bench.analysis.frame import Adjust, frame
from bench.analysis.layout import METRICS, Layout, extended, generic, method_key
from bench.papers.sahoo2020 import tables as paper
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.report import views
from bench.report.html.figure import Figure
from bench.report.html.page import ClaimRow, Fact, Group, MethodCard, Page, Sheet, Spot
from bench.report.html.provenance import provenances
from bench.report.pictures import counts
from bench.report.settings import settings
from bench.report.table import Table
from bench.statistics.best import Family, Win, compare
from bench.store.store import Store

ROOT = Path(__file__).resolve().parent.parent
TASKS = ("horse2zebra", "digits")
NUMBERS = (3, 7)  # of the paper: methods across, and methods down
METHODS = ("Vanilla", "TS", "CS", "US", "OS", "US+CS", "OS+CS", "SMOTE", "CBL(beta=0.9)", "CBL(beta=0.999)")
BANNER = "Profile cpu, seeds: 5. Records: digits, horse2zebra from results/reference."
SHORT = "f1_minority"


@cache
def demo_page() -> Page:
    """Return a page with every part filled: real tables of two datasets, the rest short but of real shape."""
    registry.load()
    config = load_config(ROOT / "bench.toml", profile="cpu", datasets=TASKS, methods=METHODS)
    cells = build_grid(config).cells
    store = Store(ROOT / "results" / "reference", read_only=True)
    records = {record.id: record for record in store.records()}

    def adjust_of(method: str) -> Adjust:
        adjust: Adjust = compose(method, config.composition.allow).hook("adjust")
        return adjust

    rows = frame(cells, records.get, adjust_of, lambda record: False)
    outcomes = columns(cells, records.get, adjust_of)
    families = {
        task: compare([found for (name, _), found in outcomes.items() if name == task], draws=500) for task in TASKS
    }
    wins = [(task, win) for task, family in families.items() for found in family.comparisons for win in found.wins()]
    wins = [(task, win) for task, win in wins if win.column.isdigit()]
    environment = next(iter(records.values())).environment
    return Page(
        title="Which remedy for a rare class?",
        banner=BANNER,
        profile="cpu",
        summary=tuple(_fact(task, win) for task, win in sorted(wins, key=lambda pair: -pair[1].difference)[:3]),
        notes=("Pictures of images are left out: horse2zebra is not on this machine.",),
        tables=tuple(_groups(rows, families)),
        pictures=(counts.figure(rows[rows["task"] == "digits"], "digits"), examples()["ranks"]()),
        claims=_claims(rows),
        methods=tuple(_cards()),
        protocol=settings(config, {"digits": "digits"}, ()),
        environment=tuple((name, str(value)) for name, value in environment.items()),
        reproduce=(
            ("Run what is missing, then write this page", "make bench DATASET=horse2zebra PROFILE=cpu"),
            ("Compute every figure on this page again", "imbench verify reports/cpu"),
        ),
        cells=provenances(rows),
    )


def figures_of(win: Win, task: str) -> dict[str, Figure]:
    """Return what a won comparison prints."""
    where = {"task": task, "minority": int(win.column), "method": win.winner, "metric": win.metric}
    known = {"difference": win.difference, "margin": win.half_width, "wins": win.seeds_won}
    texts = {"difference": f"{win.difference:.2f}", "margin": f"{win.half_width:.2f}", "wins": str(win.seeds_won)}
    return {
        name: Figure(name, texts[name], value, against=win.loser, **where)  # type: ignore[arg-type]
        for name, value in known.items()
    }


def _fact(task: str, win: Win) -> Fact:
    shown = figures_of(win, task)
    start = f"On {task} with {win.column} minority images, {win.winner} beats {win.loser} by "
    end = (f" in the {METRICS[win.metric].split(',')[0]}, in ", shown["wins"], f" of {win.seeds} seeds.")
    return Fact((start, shown["difference"], " ± ", shown["margin"], *end), ("95 % interval over all comparisons.",))


def _groups(rows: pd.DataFrame, families: dict[str, Family]) -> Iterator[Group]:
    for layout in paper.layouts():
        if layout.number in NUMBERS:
            full = extended(layout, rows, paper.places())
            three = {
                "Ours": views.ours(full, rows, BANNER, interval=False),
                "Side by side with the paper": views.side_by_side(full, rows, BANNER),
                "The paper's own numbers": views.published(layout),
            }
            yield Group(layout.heading, tuple(_sheet(table, full, name, families) for name, table in three.items()))
    for layout in generic(rows[rows["task"] == "digits"], "digits")[:1]:
        yield Group(
            layout.heading, (_sheet(views.ours(layout, rows, BANNER, interval=True), layout, "Ours", families),)
        )


def _sheet(table: Table, layout: Layout, view: str, families: dict[str, Family]) -> Sheet:
    near = set()
    for task, count in layout.places:
        if found := families[task].of(str(count), layout.metric):
            floor = found.noise.smallest_difference(5)
            for method, figures in zip(found.methods, found.figures, strict=True):
                theirs = layout.published.get((method_key(method), (task, count)))
                if theirs is not None and abs(figures.mean() - theirs) < floor:
                    near.add(Spot(method, task, count))
    return Sheet(table, layout.metric, view, frozenset(near))


def _claims(rows: pd.DataFrame) -> tuple[ClaimRow, ...]:
    where = {"task": "horse2zebra", "minority": 25, "metric": SHORT}
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
