"""Assemble: from cells, records and comparisons to the Page that `bench.report.html` renders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench import registry
from bench.config import Config
from bench.record import Record
from bench.report.claims.judging import Finding
from bench.report.evidence import Listing
from bench.report.html.figure import Figure, Statistic, printed
from bench.report.html.page import ClaimRow, Entry, Fact, Group, MethodCard, Page, Parts, Sheet, Spot
from bench.report.html.provenance import provenances
from bench.report.layout import Layout, Place, method_key
from bench.report.pictures.picture import Picture
from bench.report.table import Table
from bench.statistics.best import Comparison, Family

HEADLINE = "f1_minority"
TERA = 1e12


@dataclass(frozen=True)
class Material:
    """What a page is made of.

    Attributes
    ----------
    frame
        Rows of one profile, translator 0.
    families
        Comparisons by task.
    shown
        What tasks are called in print.
    costs
        Floating-point operations of a fit, by place and method.
    """

    config: Config
    frame: pd.DataFrame
    families: Mapping[str, Family]
    shown: Mapping[str, str]
    costs: Mapping[tuple[Place, str], float]
    records: Sequence[Record]
    findings: Sequence[Finding]
    tables: Sequence[tuple[Layout, Mapping[str, Table]]]
    pictures: Sequence[Picture]
    listings: Sequence[Listing]
    notes: Sequence[str]
    banner: str


def assemble(material: Material) -> Page:
    """Return the page."""
    config = material.config
    return Page(
        title="Which remedy for a rare class?",
        banner=material.banner,
        profile=config.run.profile,
        summary=tuple(_facts(material)),
        notes=tuple(material.notes),
        tables=tuple(_groups(material)),
        pictures=tuple(material.pictures),
        listings=tuple(material.listings),
        claims=tuple(_claim(finding) for finding in material.findings),
        methods=tuple(_cards(material)),
        protocol=tuple(_protocol(config, list(material.shown))),
        environment=tuple(_environment(material.records)),
        reproduce=tuple(_commands(config, list(material.shown))),
        cells=provenances(material.frame),
    )


def alike_spots(families: Mapping[str, Family], layout: Layout) -> frozenset[Spot]:
    """Return the spots of a layout that cannot be told from the best of their task and minority count."""
    return frozenset(
        Spot(method, task, count)
        for task, count in layout.places
        if (found := _comparison(families, task, count, layout.metric))
        for method in found.indistinguishable()
    )


def _comparison(families: Mapping[str, Family], task: str, count: int, metric: str) -> Comparison | None:
    return families[task].of(str(count), metric) if task in families else None


def _facts(material: Material) -> Iterator[Fact]:
    for task, family in material.families.items():
        mine = [found for found in family.comparisons if found.metric == HEADLINE]
        for found in sorted(mine, key=lambda it: int(it.column)):
            rows = material.frame[material.frame["task"] == task]
            place = f"{material.shown[task]}, {rows['majority_count'].iloc[0]}:{found.column}"
            yield Fact(tuple(_sentence(found, task, place, str(rows["minority"].iloc[0]))), tuple(_detail(found, task)))


def _sentence(found: Comparison, task: str, place: str, minority: str) -> Iterator[str | Figure]:
    best = found.methods[found.best]
    yield f"{place}: {best} has the highest F1 of {minority}, "
    yield _figure("mean", float(found.figures[found.best].mean()), found, task, best)
    losers = [name for name, worse in zip(found.methods, found.worse, strict=True) if worse]
    if not losers:
        yield "; no method can be told from it."
        return
    plain = "Vanilla" if "Vanilla" in losers else losers[0]
    at = found.methods.index(plain)
    yield f". It beats {plain} by "
    yield _figure("difference", float(found.differences[found.best, at]), found, task, best, plain)
    yield " \N{PLUS-MINUS SIGN} "
    yield _figure("margin", float(found.half_widths[found.best, at]), found, task, best, plain)
    wins = int((found.figures[found.best] > found.figures[at]).sum())
    yield ", in "
    yield Figure("wins", str(wins), wins, task, int(found.column), best, found.metric, plain)
    yield f" of {found.figures.shape[1]} seeds."


def _detail(found: Comparison, task: str) -> Iterator[str | Figure]:
    others = [name for name in found.indistinguishable() if name != found.methods[found.best]]
    if others:
        yield f"Not distinguishable from it: {', '.join(others)}. "
    losers = [name for name, worse in zip(found.methods, found.worse, strict=True) if worse]
    if losers:
        yield f"Worse: {', '.join(losers)}. "
    floor = found.noise.smallest_difference(found.figures.shape[1])
    yield "A true difference of "
    yield Figure("floor", printed(floor), floor, task, int(found.column), metric=found.metric)
    yield " would be found in four of five such experiments."


def _figure(statistic: Statistic, value: float, found: Comparison, task: str, method: str, against: str = "") -> Figure:
    return Figure(statistic, printed(value), value, task, int(found.column), method, found.metric, against)


def _groups(material: Material) -> Iterator[Group]:
    for layout, views in material.tables:
        sheets = tuple(_sheet(material, layout, name, table) for name, table in views.items())
        yield Group(layout.heading, sheets)


def _sheet(material: Material, layout: Layout, name: str, table: Table) -> Sheet:
    alike = alike_spots(material.families, layout)
    return Sheet(table, layout.metric, name, alike, frozenset(_below_floor(material, layout)))


def _below_floor(material: Material, layout: Layout) -> Iterator[Spot]:
    """Give the spots whose difference to the paper's number is smaller than our seeds could see."""
    for task, count in layout.places:
        if found := _comparison(material.families, task, count, layout.metric):
            floor = found.noise.smallest_difference(found.figures.shape[1])
            for method, figures in zip(found.methods, found.figures, strict=True):
                paper = layout.published.get((method_key(method), (task, count)))
                if paper is not None and abs(float(figures.mean()) - paper) < floor:
                    yield Spot(method, task, count)


def _claim(finding: Finding) -> ClaimRow:
    claim = finding.claim
    figures: Parts = (finding.figures,) if finding.figures else ()
    paper = "" if finding.paper == "not printed" else finding.paper
    return ClaimRow(claim.id, claim.text, claim.source, finding.verdict, figures, paper, claim.required is not None)


def _cards(material: Material) -> Iterator[MethodCard]:
    run = {name.partition("(")[0] for row in material.frame["method"].unique() for name in str(row).split("+")}
    for entry in registry.METHODS:
        if entry.name not in run:
            continue
        method = entry.cls()
        parameters = ", ".join(f"{name}={value}" for name, value in method.parameters.items())
        needs = f"{method.smallest_count} images a class" if method.smallest_count > 1 else ""
        cost = _cost(material, entry.name)
        yield MethodCard(entry.name, entry.summary, entry.reference, method.slots, cost, parameters, needs)


def _cost(material: Material, method: str) -> str:
    """Say what a fit costs at the smallest count of each task, beside Vanilla."""
    lines = []
    for task, shown in material.shown.items():
        mine = {spot: cost for spot, cost in material.costs.items() if spot[0][0] == task}
        rows = [(place, name) for place, name in mine if name.partition("(")[0] == method]
        if rows:
            spot = min(rows, key=lambda it: it[0][1])
            plain = mine.get((spot[0], "Vanilla"))
            times = f", {mine[spot] / plain:.1f} x Vanilla" if plain else ""
            lines.append(f"{mine[spot] / TERA:.2g} TFLOP a fit on {shown}{times}")
    return "; ".join(lines)


def _protocol(config: Config, tasks: Iterable[str]) -> Iterator[Entry]:
    for task in tasks:
        fields = config.profile.protocol(task).model_dump()
        yield task, ", ".join(f"{name} = {value}" for name, value in fields.items() if value is not None)


def _environment(records: Iterable[Record]) -> Iterator[Entry]:
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in record.environment.items():
            found.setdefault(name, {})[value] = None
    for name, values in found.items():
        yield name, " or ".join(sorted(values))


def _commands(config: Config, tasks: Iterable[str]) -> Iterator[Entry]:
    profile = config.run.profile
    for task in tasks:
        yield f"Run {task} and write this page", f"make bench DATASET={task} PROFILE={profile}"
    yield "Write this page from the records that are there", f"imbench report --profile {profile}"
    yield "Recompute every figure on this page", f"imbench verify {config.paths.reports}/{profile}"
    yield "Say what a cell rests on", f"imbench why horse2zebra/25/OS/0 --profile {profile}"
