"""Write a profile's report: tables under fixed names, the tidy frame and an index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.atomic import write_atomically
from bench.report import paper, views
from bench.report.latex import latex
from bench.report.layout import Layout, extended, generic
from bench.report.longform import longform
from bench.report.markdown import markdown
from bench.report.table import Table

HOW_TO_READ = (
    "A number is the mean over seeds of a figure on the test set; what it lacks is said beside it and below its table. "
    "Tables 1 and 3 to 10 keep the numbers and layouts of the paper (" + paper.CITATION + ") and show "
    "our figures, both side by side, and the paper's own."
)


@dataclass(frozen=True)
class Options:
    """What a reader may choose: spreads in our tables, and datasets to write (default: those with a record)."""

    sd: bool = False
    datasets: tuple[str, ...] | None = None


def write(frame: pd.DataFrame, out_dir: Path, profile: str, banner: str, options: Options | None = None) -> list[Path]:
    """Write out_dir/<profile>/ and return the files written.

    Parameters
    ----------
    frame
        See `bench.report.frame`. It should hold the cells of every dataset that has records, not only of those to be
        written: Table 1 shows two of them, and cells.csv shows all. Tables of other datasets are left as they are.
    banner
        One line on top of every table: profile, and where the records came from.

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
    for layout in paper.layouts():
        if set(layout.tasks) & set(tasks):
            texts |= _paper_table(extended(layout, cells, paper.places()), layout, cells, banner, options.sd)
    for task in tasks:
        mine = cells[cells["task"] == task]
        if task not in paper.tasks() and len(mine):
            texts |= _generic_tables(task, generic(mine, task), mine, banner, options.sd)
    written = [_write(folder / name, text) for name, text in texts.items()]
    return [*written, _write(folder / "README.md", _index(folder, profile, banner))]


def _paper_table(full: Layout, layout: Layout, cells: pd.DataFrame, banner: str, sd: bool) -> dict[str, str]:
    """Return the files of one of the paper's tables: a page with three views, and each view for LaTeX."""
    ours = views.ours(full, cells, banner, sd)
    both = views.side_by_side(full, cells, banner)
    published = views.published(layout)
    page = _page(layout.heading, {"Ours": ours, "Side by side": both, "The paper's": published})
    texts = {f"{layout.name}.md": page, f"{layout.name}.csv": longform(both)}
    return texts | {f"{table.name}.tex": latex(table) for table in (ours, both, published)}


def _generic_tables(task: str, layouts: list[Layout], cells: pd.DataFrame, banner: str, sd: bool) -> dict[str, str]:
    """Return the files of a dataset that the paper does not have: one page and one LaTeX file with all its tables."""
    tables = [views.ours(layout, cells, banner, sd) for layout in layouts]
    page = _page(
        f"{task}: F1 of the minority and of the majority class, ACSA",
        {table.title.partition(": ")[2]: table for table in tables},
    )
    return {f"{task}.md": page, f"{task}.tex": "\n".join(latex(table) for table in tables)}


def _page(title: str, tables: dict[str, Table]) -> str:
    return "\n".join([f"# {title}\n", *(f"## {heading}\n\n{markdown(table)}" for heading, table in tables.items())])


def _index(folder: Path, profile: str, banner: str) -> str:
    """Link to every page in the folder, also to those that earlier reports left there."""
    pages = sorted(folder.glob("*.md"), key=lambda page: (not page.name.startswith("table_"), page.name))
    pages = [page for page in pages if page.name != "README.md"]
    links = [
        f"- [{path.read_text(encoding='utf-8').partition(chr(10))[0].lstrip('# ')}]({path.name})" for path in pages
    ]
    cells = "- [cells.csv](cells.csv): one row per run, from which the tables are made"
    return "\n".join([f"# Report of profile {profile}\n", f"> {banner}\n", HOW_TO_READ + "\n", *links, cells]) + "\n"


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text.encode(), durable=False)
    return path
