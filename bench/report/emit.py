"""Emit: a report as files: pages in markdown, tables in LaTeX and CSV, the page in HTML, and all of it as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from bench.report.html.render import render
from bench.report.jsonform import as_text
from bench.report.latex import latex
from bench.report.markdown import escape, markdown
from bench.report.report import Report, Sheet
from bench.report.table import Table
from bench.store.leftovers import write_anew
from bench.store.regular import open_regular

PAGE, JSON, INDEX, PICTURES = "index.html", "report.json", "README.md", "pictures"
LONGEST = 1000  # bytes of a page's first line
LONG = ("table", "row", "column", "kind", "mean", "sd", "n", "expected", "flags")


def write(report: Report, folder: Path) -> list[Path]:
    """Write a report into its folder and return the files, the page first.

    Files of earlier reports that this one does not name stay, and the index names them too.

    Raises
    ------
    StoreError
        A file cannot be written; the text names the folder.
    """
    texts = {folder / name: text.encode() for name, text in files(report).items()}
    texts |= {folder / PICTURES / f"{picture.name}.png": picture.png for picture in report.pictures}
    for path, content in texts.items():
        write_anew(path, content, durable=False)
    write_anew(folder / INDEX, index(report, folder).encode(), durable=False)
    return [*texts, folder / INDEX]


def files(report: Report) -> dict[str, str]:
    """Return every text file of a report by name, but for the index of its folder."""
    texts = {PAGE: render(report), JSON: as_text(report)}
    for sheet in report.sheets:
        texts |= dict(_sheet(sheet))
    return texts | {name: frame.to_csv(index=False, lineterminator="\n") for name, (_, frame) in report.frames.items()}


def index(report: Report, folder: Path) -> str:
    """Link to every page in the folder, also to those that earlier reports left there, and to this report's pictures.

    Those that show images which may not be passed on are not in the repository, so that no link leads to them.
    """
    pages = sorted(folder.glob("*.md"), key=lambda path: (not path.name.startswith("table_"), path.name))
    titles = {path.name: _title(path) for path in pages if path.name != INDEX}
    lines = [f"- [{title}]({quote(name)})" for name, title in titles.items() if title]
    lines += [f"- [{name}]({name}): {text}" for name, (text, _) in report.frames.items()]
    lines.append(f"- [{JSON}]({JSON}): the report as data, which `imbench verify` builds again")
    shown = sorted(picture.name for picture in report.pictures if not picture.shows_images)
    lines += [f"- [{PICTURES}/{name}.png]({PICTURES}/{quote(name)}.png)" for name in shown]
    if kept := len(report.pictures) - len(shown):
        lines.append(f"- pictures that show images of a dataset and stay where they were drawn: {kept}")
    lines += [f"- left out: {line}" for line in report.left_out]
    how = "A number is the mean over seeds of a figure on the test set; what it lacks is said beside and below it."
    said = ["".join(map(str, fact.parts)) for answer in report.answers for fact in answer.facts]
    answers = ["## What to take\n", *(f"- {escape(text)}" for text in said), "\n## What there is\n"]
    how += " Numbered tables keep a paper's numbers and layouts, ours, both side by side, and the paper's own."
    return "\n".join(
        [
            f"# Report of profile {report.profile}\n",
            f"> {report.banner}\n",
            *(answers if said else ()),
            how + "\n",
            *lines,
            "",
        ]
    )


def _title(page: Path) -> str:
    """Return the first line of a page, "" where an earlier report, or somebody else, left what is none."""
    try:
        with open_regular(page) as file:
            return file.readline(LONGEST).decode().strip().lstrip("# ")
    except (OSError, UnicodeDecodeError):
        return ""


def _sheet(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Give a page with all tables, and each view of one table for LaTeX; of several tables, one file with all."""
    parts = [f"## {escape(heading)}\n\n{markdown(table)}" for heading, table in sheet.tables.items()]
    yield f"{sheet.name}.md", "\n".join([f"# {escape(sheet.title)}\n", *parts])
    if sheet.on_page == "folded":
        yield from ((f"{table.name}.tex", latex(table)) for table in sheet.tables.values())
    else:
        yield f"{sheet.name}.tex", "\n".join(map(latex, sheet.tables.values()))
    if sheet.long:
        yield f"{sheet.name}.csv", longform(sheet.tables[sheet.long])


def longform(table: Table) -> str:
    """Return a CSV text; rows and columns go by their keys (`CBL(beta=0.9)`, `celeba:50`), numbers are not rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(LONG)
    for row in table.rows:
        for column, value in zip(table.columns, row.values, strict=True):
            numbers = (value.mean, value.sd, value.n or None, value.expected or None)
            plain = ["" if number is None else number for number in numbers]
            flags = " ".join(flag.replace(" ", "-") for flag in sorted(value.flags))
            writer.writerow([table.name, row.label.key, column.key, row.kind, *plain, flags])
    return out.getvalue()
