"""Build the report: gather records, draw, write tables, and put everything on one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from bench.plan.config import Config
from bench.plan.publish import publishable
from bench.papers.sahoo2020 import tables as paper
from bench.report import views
from bench.report.ablation import main_rows
from bench.report.asides import asides
from bench.report.assemble import Material, assemble
from bench.report.charts import Subject
from bench.claims.verdicts import Finding, judge_claims
from bench.claims.recorded import Recorded
from bench.claims.files import check_names, load_claims
from bench.analysis.compared import judged_translators
from bench.report.listings import Case, Listing, listings
from bench.analysis.experiments import oracle_gaps
from bench.analysis.gather import Gathered, gather, narrowed
from bench.report.html.page import Page
from bench.report.html.render import render
from bench.report.illustrate import illustrate, subjects_of
from bench.analysis.layout import Layout, extended, generic
from bench.report.luck import luck_words
from bench.report.pictures.picture import Picture
from bench.report.table import Table
from bench.report.translation import table_2_views
from bench.report.write import Options, Translations, write
from bench.store.atomic import write_atomically
from bench.store.store import Store

PAGE, RECORDS = "index.html", "records.csv"


def build_report(config: Config, requested: tuple[str, ...], stores: Sequence[Store]) -> list[Path]:
    """Write the report of the Config's profile and return its files; parameters and errors as for `gather`."""
    found = gather(config, requested, stores)
    folder = config.paths.reports / config.run.profile
    subjects = subjects_of(found)
    pictures, undrawn = illustrate(found, subjects)
    left_out = (*found.lost, *undrawn)
    drawn = [folder / "pictures" / f"{picture.name}.png" for picture in pictures]
    for path, picture in zip(drawn, pictures, strict=True):
        write_atomically(path, picture.png, durable=False)
    options = Options(config.report.interval, requested or None)
    translations = Translations(found.measured, left_out)
    tables = write(found.frame, config.paths.reports, config.run.profile, found.banner, options, translations)
    page = whole_page(found, subjects, pictures, left_out)
    write_atomically(folder / PAGE, render(page).encode(), durable=False)
    write_atomically(folder / RECORDS, _records(found).encode(), durable=False)
    return [folder / PAGE, *tables, *drawn, folder / RECORDS]


def page_anew(config: Config, stores: Sequence[Store]) -> tuple[str, pd.DataFrame]:
    """Return index.html without its pictures, and the frame of all cells; parameters and errors as for `gather`."""
    found = gather(config, (), stores)
    return render(whole_page(found, subjects_of(found), (), ())), found.frame


def _records(found: Gathered) -> str:
    """Return records.csv: every record that the report may rest on, those of experiments beside the grid too."""
    lines = ["record,task,kind"]
    for task, source in found.sources.items():
        ids = publishable(found.config, source.store, task, source.grid)
        lines += [f"{id},{task},{source.records[id].kind}" for id in ids if id in source.records]  # others came since
    return "\n".join(lines) + "\n"


def findings(found: Gathered) -> tuple[Finding, ...]:
    """Hold the shipped claims, and the user's, against the records.

    Raises
    ------
    ConfigError
        A file of claims is wrong; the text names it.
    """
    claims = load_claims(found.config.report.claims)
    check_names(claims, found.config)
    recorded = Recorded(found.outcomes, judged_translators(found.measured), dict(found.families))
    rows = found.frame[found.frame["status"] == "stale"]
    stale = {(str(task), int(count)) for task, count in zip(rows["task"], rows["minority_count"], strict=True)}
    return judge_claims(claims, recorded, stale)


def whole_page(
    found: Gathered, subjects: Mapping[str, Subject], pictures: tuple[Picture, ...], left_out: tuple[str, ...]
) -> Page:
    """Return the page with every table, picture and claim."""
    config = found.config
    rows = main_rows(found.frame)
    tasks = [task for task in found.sources if (rows.loc[rows["task"] == task, "status"] != "missing").any()]
    spent = {
        ((task, count), method): cost
        for task, subject in subjects.items()
        for (count, method), cost in subject.costs.items()
    }
    return assemble(
        Material(
            config=config,
            frame=rows[rows["task"].isin(tasks)],
            families={task: found.families[task] for task in tasks},
            shown={task: paper.shown(task) for task in tasks},
            costs=spent,
            records=[found.records[id] for id in sorted(found.records)],
            findings=findings(found),
            tables=_tables(found, tasks),
            # Photographs are large, and not ours to pass on; losses are for those who look further: both lie beside.
            pictures=[it for it in pictures if not it.shows_images and not it.name.endswith("_training_loss")],
            listings=[it for task in tasks if task in subjects for it in _listings(found, subjects[task])],
            notes=(
                *(text for task in tasks for text in luck_words(task, paper.shown(task), found.frame)),
                *left_out,
            ),
            banner=found.banner,
        )
    )


def _listings(found: Gathered, subject: Subject) -> Iterator[Listing]:
    yield from listings(_case(found, subject))
    yield from asides(subject.task, subject.shown, found.frame)


def _case(found: Gathered, subject: Subject) -> Case:
    task = subject.task
    config, grid = narrowed(found.config, task), found.sources[task].grid
    return Case(
        task,
        subject.shown,
        subject.minority,
        {cell.minority_count: cell.counts for cell in subject.cells},
        _selected(subject),
        subject.outcomes,
        found.families[task],
        tuple(oracle_gaps(config, grid, found.records.get, found.adjust_of, "acsa")),
        tuple(subject.controls),
        tuple(subject.sources),
    )


def _selected(subject: Subject) -> dict[str, tuple[tuple[int, ...], int]]:
    """Return which epochs were selected at the smallest count, and of how many, by method."""
    cells = subject.frame[subject.frame["minority_count"] == subject.rarest].dropna(subset=["selected_epoch", "epochs"])
    return {
        str(method): (tuple(sorted(map(int, rows["selected_epoch"]))), int(rows["epochs"].max()))
        for method, rows in cells.groupby("method", sort=False)
    }


def _tables(found: Gathered, tasks: list[str]) -> list[tuple[Layout, dict[str, Table]]]:
    rows = main_rows(found.frame)
    shown: list[tuple[Layout, dict[str, Table]]] = []
    interval = found.config.report.interval
    for layout in paper.layouts():
        if set(layout.tasks) & set(tasks):
            full = extended(layout, rows, paper.places())
            ours = views.ours(full, rows, found.banner, interval)
            three = {"Ours": ours, "Side by side": views.side_by_side(full, rows, found.banner)}
            shown.append((full, three | {"The paper's": views.published(layout)}))
    if second := table_2_views(found.measured, tasks, found.banner, interval):
        shown.insert(1 if shown and shown[0][0].number == 1 else 0, second)
    for task in tasks:
        mine = rows[rows["task"] == task]
        if task not in paper.tasks():
            shown += [(it, {"Ours": views.ours(it, mine, found.banner, interval)}) for it in generic(mine, task)]
    return shown
