"""The report as one value: all that is said, each number with its printed form and the records it rests on.

Emitters turn it into pages, tables and JSON and compute nothing; whoever builds one needs to know no HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from bench.analysis.spots import Spot
from bench.claims.claim import Verdict
from bench.report.figure import Figure, Words
from bench.report.pictures.picture import Picture
from bench.report.table import Table

Entry = tuple[str, str]  # a name and what stands beside it
Cells = tuple[str | Figure, ...]  # of one row of a listing


@dataclass(frozen=True)
class Fact:
    """One sentence of the summary; `detail` is printed smaller below it."""

    parts: Words
    detail: Words = ()


@dataclass(frozen=True)
class Answer:
    """What to take of a dataset's methods: a sentence or three a place, the name of the chart, and tables by place."""

    shown: str
    facts: tuple[Fact, ...]
    picture: str = ""
    listings: tuple[Listing, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """Tables under one title: a file of its own, and its part on the page.

    Attributes
    ----------
    name
        Of the files.
    tables
        By heading.
    on_page
        `folded`: views of one table, of which the first is shown; `each` under a heading of its own; or `none`.
    long
        The heading of the table that is written as one value a line too; "": none.
    """

    name: str
    title: str
    tables: Mapping[str, Table]
    on_page: Literal["folded", "each", "none"] = "each"
    long: str = ""

    @property
    def groups(self) -> list[tuple[str, Mapping[str, Table]]]:
        """What stands together on the page: headings, each with its views by name."""
        if self.on_page == "each":
            return [(table.title, {"Ours": table}) for table in self.tables.values()]
        return [(self.title, self.tables)] if self.on_page == "folded" else []


@dataclass(frozen=True)
class Listing:
    """A table of words and numbers: `rows` have one entry for each heading, the first of which names the row."""

    name: str
    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[Cells, ...]

    @property
    def words(self) -> frozenset[int]:
        """Columns that hold words alone, no numbers."""
        columns = enumerate(zip(*self.rows, strict=True))
        return frozenset(k for k, entries in columns if all(str(it)[:1].isalpha() for it in entries))


@dataclass(frozen=True)
class ClaimRow:
    """A claim with what became of it.

    `paper` says whether the paper's own tables bear it out, or is empty; `shown` is the dataset, as print calls it.
    """

    id: str
    text: str
    source: str
    verdict: Verdict
    evidence: Words = ()
    paper: str = ""
    required: bool = False
    shown: str = ""


@dataclass(frozen=True)
class MethodCard:
    """What a reader should know of a method; `cost` is in words, such as `41 s a fit, 1.0 x Vanilla`.

    `rows` are those of the tables that it has a part in, empty if that is the one of its name.
    """

    name: str
    idea: str
    reference: str
    slots: tuple[str, ...]
    cost: str = ""
    parameters: str = ""
    needs: str = ""
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One seed of a cell: its record's id (empty if none), its state, and its figures by metric."""

    seed: int
    record: str
    status: str
    figures: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    chosen: str = ""


@dataclass(frozen=True)
class Mean:
    """A cell's mean in one metric with its 95 % interval over seeds; ends are None for too few runs to say."""

    metric: str
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a cell's numbers come from; `shown` is the place in print, and `commands` make and explain them."""

    spot: Spot
    shown: str
    means: tuple[Mean, ...]
    runs: tuple[Run, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The whole report. What is empty is left out, with its link in the table of contents.

    Attributes
    ----------
    banner
        Profile, seeds and where the records came from, in one line.
    made_with
        The options that it was built under, from which it can be built again.
    answers
        What to take, dataset by dataset: the page begins with it.
    notes
        What the reader must know beside the summary.
    left_out
        A line for each dataset or picture that could not be shown, and why.
    listings
        Tables of text that say what stands behind the numbers.
    protocol
        Its settings, one a row.
    environment
        Names with values. Several machines are several entries.
    reproduce
        What a command is for, with the command.
    cells
        Every cell of the tables; a number of a cell that is missing here leads nowhere.
    frames
        What is written as CSV, by file name, with what its rows are.
    """

    title: str
    banner: str
    profile: str
    made_with: Mapping[str, object] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    summary: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    pictures: tuple[Picture, ...] = ()
    listings: tuple[Listing, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    methods: tuple[MethodCard, ...] = ()
    protocol: Listing | None = None
    environment: tuple[Entry, ...] = ()
    reproduce: tuple[Entry, ...] = ()
    cells: tuple[Provenance, ...] = ()
    frames: Mapping[str, tuple[str, pd.DataFrame]] = field(default_factory=dict)

    @property
    def embedded(self) -> tuple[Picture, ...]:
        """The pictures that stand on the page among the others.

        Photographs are large, and not ours to pass on; losses are for those who look further: both lie beside.
        """
        first = {answer.picture for answer in self.answers}
        elsewhere = (it for it in self.pictures if it.name not in first)
        return tuple(it for it in elsewhere if not it.shows_images and not it.name.endswith("_training_loss"))

    def picture(self, name: str) -> Picture | None:
        """Return a picture by its name, None if it is not there."""
        return next((it for it in self.pictures if it.name == name), None)
