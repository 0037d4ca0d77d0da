"""Page: everything the HTML report shows, as plain values; whoever assembles one needs to know no HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.claims.claim import Verdict
from bench.report.listings import Listing
from bench.report.html.figure import Figure
from bench.report.pictures.picture import Picture
from bench.report.table import Table

Parts = tuple[str | Figure, ...]  # a sentence whose numbers know what they are
Entry = tuple[str, str]  # a name and what stands beside it


@dataclass(frozen=True)
class Spot:
    """One place of our results: a method on a task with so many minority images."""

    method: str
    task: str
    minority: int


@dataclass(frozen=True)
class Fact:
    """One sentence of the summary; `detail` is printed smaller below it."""

    parts: Parts
    detail: Parts = ()


@dataclass(frozen=True)
class Sheet:
    """One view of a table.

    Attributes
    ----------
    metric
        What its numbers are, a key of `bench.report.layout.METRICS`.
    view
        What this view is called, such as `Ours` or `Side by side`.
    below_floor
        Spots whose difference to the paper is smaller than the noise lets us see; printed grey.
    """

    table: Table
    metric: str
    view: str = "Ours"
    below_floor: frozenset[Spot] = frozenset()


@dataclass(frozen=True)
class Group:
    """Views of one table under one heading: the first is shown, the others are folded."""

    heading: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class ClaimRow:
    """A claim with what became of it.

    `paper` says whether the paper's own tables bear it out, or is empty; `shown` is the dataset, as print calls it.
    """

    id: str
    text: str
    source: str
    verdict: Verdict
    evidence: Parts = ()
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


@dataclass(frozen=True)
class Mean:
    """A cell's mean in one metric with its 95 % interval over seeds; ends are None for fewer than two runs."""

    metric: str
    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a cell's numbers come from; `counts` is shown, such as `450:25`, and `commands` make and explain them."""

    spot: Spot
    counts: str
    means: tuple[Mean, ...]
    runs: tuple[Run, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """The whole report. What is empty is left out, with its link in the table of contents.

    Attributes
    ----------
    banner
        Profile, seeds and where the records came from, in one line.
    notes
        What the reader must know beside the summary, such as what was left out for want of images.
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
    """

    title: str
    banner: str
    profile: str
    summary: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Group, ...] = ()
    pictures: tuple[Picture, ...] = ()
    listings: tuple[Listing, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    methods: tuple[MethodCard, ...] = ()
    protocol: Listing | None = None
    environment: tuple[Entry, ...] = ()
    reproduce: tuple[Entry, ...] = ()
    cells: tuple[Provenance, ...] = ()
