"""The page: sections as markdown, with a link to whatever an entry rests on."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from tabulate import tabulate

from bench.findings.again import again
from bench.findings.agreeing import agreeing
from bench.findings.bodies import bodies
from bench.findings.claimed import claimed
from bench.findings.computing import computing
from bench.findings.generation import generation
from bench.findings.holding import holding
from bench.findings.labels import labels
from bench.findings.printed import printed
from bench.findings.printing import counted
from bench.findings.section import Entry, Grid, Link, Section
from bench.findings.shares import shares
from bench.findings.starting import starting
from bench.findings.study import Evidence
from bench.findings.thresholds import thresholds
from bench.report.markdown import escape
from bench.store.leftovers import write_anew

MAKERS = (
    starting,
    thresholds,
    labels,
    shares,
    generation,
    computing,
    bodies,
    agreeing,
    claimed,
    printed,
    holding,
    again,
)
TITLE = "Findings"
LONG = 300  # characters: what lacks is a list then that few read


def write_page(found: Evidence, root: Path, page: str, pictures: str) -> list[Path]:
    """Write the page and its charts and return the files; `page` and `pictures` are relative to the root.

    Raises
    ------
    StoreError
        A file cannot be written; the text names the folder.
    """
    sections = [make(found) for make in MAKERS]
    written = [root / page]
    write_anew(root / page, text(found, sections, page, pictures).encode())
    for picture in (it for section in sections for it in section.pictures):
        written.append(root / pictures / f"{picture.name}.png")
        write_anew(written[-1], picture.png)
    return written


def text(found: Evidence, sections: Sequence[Section], page: str, pictures: str) -> str:
    """Return the page in markdown."""
    studies = "; ".join(study.name() for study in found.studies)
    head = (
        f"# {TITLE}\n\nWhat {counted(found.records, 'record')} say together: {studies}. `make findings` makes this "
        "page of them, anew when records come: no number is written by hand, and what has no record is named."
    )
    lost = [f"- {escape(line)}" for line in found.lost]
    blocks = [head, "\n".join(lost), *(block for section in sections for block in _section(section, page, pictures))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def pipe(grid: Grid, page: str) -> str:
    """Return a table of pipes, its links relative to the page."""
    rows = [[entry_text(entry, page) for entry in row] for row in grid.rows]
    return tabulate(
        rows, [escape(it) for it in grid.header], "pipe", disable_numparse=True, colalign=["left"] * len(grid.header)
    )


def entry_text(entry: Entry, page: str) -> str:
    """Return an entry on one line of one cell."""
    return link(entry, page) if isinstance(entry, Link) else escape(entry)


def link(it: Link, page: str) -> str:
    """Return a link as it stands on a page."""
    return f"[{escape(it.text)}]({quote(posixpath.relpath(it.target, posixpath.dirname(page) or '.'))})"


def _section(section: Section, page: str, pictures: str) -> Iterator[str]:
    yield f"## {escape(section.title)}"
    yield from map(escape, section.words)
    for picture in section.pictures:
        target = posixpath.relpath(f"{pictures}/{picture.name}.png", posixpath.dirname(page) or ".")
        yield f"![{escape(picture.alt).replace('[', '(').replace(']', ')')}]({quote(target)})"
        yield escape(picture.caption)
    for grid in section.grids:
        yield from _grid(grid, page)
    yield "\n\n".join(_lacking(line) for line in section.lacking)


def _lacking(line: str) -> str:
    """Return what lacks; a long list of it closed under what it is."""
    what, _, names = line.partition(": ")
    if len(names) <= LONG:
        return f"- Lacking: {escape(line)}"
    summary = f'<details markdown="1"><summary>Lacking: {escape(what)}</summary>'
    return f"{summary}\n\n{escape(names)}\n\n</details>"


def _grid(grid: Grid, page: str) -> Iterator[str]:
    if grid.folded:
        yield f'<details markdown="1"><summary>{escape(grid.title)}</summary>'
    elif grid.title:
        yield f"**{escape(grid.title)}**"
    yield pipe(grid, page)
    yield escape(grid.note)
    if grid.folded:
        yield "</details>"
