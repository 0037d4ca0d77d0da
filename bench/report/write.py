"""Write a profile's report: tables under fixed names, the tidy frame and an index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from bench.analysis import measured
from bench.papers.sahoo2020 import tables as paper
from bench.report import views
from bench.report.ablation import ablation_files, main_rows
from bench.report.latex import latex
from bench.analysis.layout import Layout, extended, generic
from bench.report.longform import longform
from bench.report.pages import both, page
from bench.report.translation import table_2
from bench.report.translators import translator_files
from bench.store.atomic import write_atomically

HOW_TO_READ = (
    "A number is the mean over seeds of a figure on the test set (in Table 2: over evaluators or translators, of "
    "translated images); what it lacks is said beside it and below its table. "
    "Tables 1 to 10 keep the numbers and layouts of the paper (" + paper.CITATION + ") and show "
    "our figures, both side by side, and the paper's own."
)
CSV = {
    "cells.csv": "one row per run, from which the tables are made",
    measured.FILE: "one row per translator that evaluators judged, from which Table 2 and its like are made",
}


@dataclass(frozen=True)
class Options:
    """What a reader may choose: spreads in our tables, and datasets to write (default: those with a record)."""

    interval: bool = False
    datasets: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Translations:
    """What is known of translators: the frame of `bench.analysis.measured`, and a line for each picture left out."""

    measured: pd.DataFrame
    left_out: tuple[str, ...] = ()


def write(
    frame: pd.DataFrame,
    out_dir: Path,
    profile: str,
    banner: str,
    options: Options | None = None,
    translations: Translations | None = None,
) -> list[Path]:
    """Write out_dir/<profile>/ and return the files written.

    Parameters
    ----------
    frame
        See `bench.analysis.frame`. It should hold the cells of every dataset that has records, not only of those to be
        written: Table 1 shows two of them, and cells.csv shows all. Tables of other datasets are left as they are.
    banner
        One line on top of every table: profile, and where the records came from.
    translations
        Of all these datasets too; without them there is no Table 2, and no translator's page but for its luck.

    Raises
    ------
    StoreError
        A file cannot be written; the text names the folder.
    """
    options = options or Options()
    cells = frame[frame["profile"] == profile]
    recorded = tuple(dict.fromkeys(cells.loc[cells["status"].isin(["done", "failed", "stale"]), "task"]))
    tasks = recorded if options.datasets is None else options.datasets
    cells = cells[cells["task"].isin({*tasks, *recorded})]
    folder = out_dir / profile
    texts = {"cells.csv": cells.to_csv(index=False, lineterminator="\n")}
    rows = main_rows(cells)
    for layout in paper.layouts():
        if set(layout.tasks) & set(tasks):
            texts |= _paper_table(extended(layout, rows, paper.places()), layout, rows, banner, options.interval)
    for task in tasks:
        mine = rows[rows["task"] == task]
        if task not in paper.tasks() and len(mine):
            texts |= _generic_tables(task, generic(mine, task), mine, banner, options.interval)
        texts |= ablation_files(task, cells, banner, options.interval)
    found = translations or Translations(measured.measured((), profile, lambda id: None, lambda record: False))
    texts |= _translator_tables(found.measured, tasks, cells, banner, options.interval)
    written = [_write(folder / name, text) for name, text in texts.items()]
    return [*written, _write(folder / "README.md", _index(folder, profile, banner, found.left_out))]


def _translator_tables(
    found: pd.DataFrame, tasks: tuple[str, ...], cells: pd.DataFrame, banner: str, interval: bool
) -> dict[str, str]:
    """Return Table 2, the pages of the tasks' translators, and the frame of measurements if there is any."""
    texts = table_2(found, tasks, banner, interval)
    for task in tasks:
        texts |= translator_files(task, found, cells, banner)
    judged = (found["status"] != "missing").any()
    return texts | ({measured.FILE: found.to_csv(index=False, lineterminator="\n")} if judged else {})


def _paper_table(full: Layout, layout: Layout, cells: pd.DataFrame, banner: str, interval: bool) -> dict[str, str]:
    """Return the files of one of the paper's tables: a page with three views, and each view for LaTeX."""
    ours = views.ours(full, cells, banner, interval)
    beside = views.side_by_side(full, cells, banner)
    published = views.published(layout)
    text = page(layout.heading, {"Ours": ours, "Side by side": beside, "The paper's": published})
    texts = {f"{layout.name}.md": text, f"{layout.name}.csv": longform(beside)}
    return texts | {f"{table.name}.tex": latex(table) for table in (ours, beside, published)}


def _generic_tables(
    task: str, layouts: list[Layout], cells: pd.DataFrame, banner: str, interval: bool
) -> dict[str, str]:
    """Return the files of a dataset that the paper does not have: one page and one LaTeX file with all its tables."""
    tables = [views.ours(layout, cells, banner, interval) for layout in layouts]
    title = f"{task}: F1 of the minority and of the majority class, ACSA"
    return both(task, title, {table.title.partition(": ")[2]: table for table in tables})


def _index(folder: Path, profile: str, banner: str, left_out: tuple[str, ...]) -> str:
    """Link to every page in the folder, also to those that earlier reports left there, and name the pictures."""
    pages = sorted(folder.glob("*.md"), key=lambda path: (not path.name.startswith("table_"), path.name))
    pages = [path for path in pages if path.name != "README.md"]
    lines = [
        f"- [{path.read_text(encoding='utf-8').partition(chr(10))[0].lstrip('# ')}]({quote(path.name)})"
        for path in pages
    ]
    lines += [f"- [{name}]({quote(name)}): {text}" for name, text in CSV.items() if (folder / name).exists()]
    # No links: those that show images of photographs are not in the repository.
    lines += [f"- picture: `pictures/{path.name}`" for path in sorted((folder / "pictures").glob("*.png"))]
    lines += [f"- left out: {line}" for line in left_out]
    return "\n".join([f"# Report of profile {profile}\n", f"> {banner}\n", HOW_TO_READ + "\n", *lines]) + "\n"


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text.encode(), durable=False)
    return path
