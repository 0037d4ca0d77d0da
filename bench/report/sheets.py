"""Sheets: every table of a report, the papers' first, with the files and the parts of the page that they make."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from bench.analysis.layout import extended, generic, main_rows
from bench.papers import shelf
from bench.report import tableviews
from bench.report.asides import ablation_sheets
from bench.report.cautions import with_cautions
from bench.report.generators import generator_sheets
from bench.report.report import Sheet
from bench.report.translation import translation_sheets
from bench.report.translators import translator_sheets
from bench.statistics.best import Family

FURTHER = "other figures of the same decisions and probabilities"


@dataclass(frozen=True, eq=False)
class Frames:
    """What tables are made of: the frames of cells and of measurements, and the comparisons by task.

    `interval` says whether our tables have spreads; `banner` stands above all of them, and `cautions` of their datasets
    below.
    """

    cells: pd.DataFrame
    measured: pd.DataFrame
    banner: str
    interval: bool = True
    families: Mapping[str, Family] = field(default_factory=dict)
    cautions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def sheets(found: Frames, tasks: Collection[str]) -> Iterator[Sheet]:
    """Give the sheets of some datasets: those of a paper's table, then each dataset's own."""
    for sheet in _sheets(found, tasks):
        tables = {heading: with_cautions(table, found.cautions) for heading, table in sheet.tables.items()}
        yield replace(sheet, tables=tables)


def _sheets(found: Frames, tasks: Collection[str]) -> Iterator[Sheet]:
    rows, banner = main_rows(found.cells, shelf.ablated), found.banner
    interval = found.interval
    papers = [*_papers(found, tasks)]
    judged = [*translation_sheets(found.measured, tasks, banner, interval)]
    yield from sorted((*papers, *judged), key=lambda sheet: sheet.name)  # table_01, table_02, ...
    for task in tasks:
        mine, shown = rows[rows["task"] == task], shelf.shown(task)
        if task not in shelf.tasks() and len(mine):
            tables = [tableviews.ours(it, mine, banner, interval) for it in generic(mine, task)]
            titles = [table.title.partition(": ")[2] for table in tables]
            yield Sheet(task, f"{task}: {_listed(titles)}", dict(zip(titles, tables, strict=True)))
        if len(mine):
            others = [
                tableviews.ours(it, mine, banner, interval) for it in generic(mine, task, main=False, shown=shown)
            ]
            named = {table.title.partition(": ")[2]: table for table in others}
            yield Sheet(f"further_{task}", f"{shown}: {FURTHER}", named, "folded")
        yield from ablation_sheets(task, found.cells, banner, interval)
        yield from translator_sheets(task, found.measured, found.cells, banner)
        yield from generator_sheets(task, found.measured, found.cells, banner)


def _papers(found: Frames, tasks: Collection[str]) -> Iterator[Sheet]:
    rows, banner = main_rows(found.cells, shelf.ablated), found.banner
    for paper in shelf.papers():
        theirs = [layout for layout in shelf.layouts_as(rows) if layout.citation == paper.citation]
        elsewhere = {place for layout in theirs for place in layout.places}
        for own, layout in zip(paper.tables, theirs, strict=True):
            if set(layout.tasks) & set(tasks):
                full = extended(layout, rows, elsewhere)
                tables = {
                    "Ours": tableviews.ours(full, rows, banner, found.interval),
                    tableviews.SIDE_BY_SIDE: tableviews.side_by_side(full, rows, banner, found.families),
                    tableviews.THEIRS: tableviews.published(own),
                }
                yield Sheet(layout.name, layout.heading, tables, "folded", tableviews.SIDE_BY_SIDE)


def _listed(titles: list[str]) -> str:
    """Return what stands in a file in one line: the first words of each title."""
    short = list(dict.fromkeys(title.split(",")[0].split(" (")[0] for title in titles))
    if short[:2] == ["F1 of the minority class", "F1 of the majority class"]:
        short[:2] = ["F1 of the minority and of the majority class"]
    return ", ".join(short)
