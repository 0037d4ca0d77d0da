"""Assemble: from cells, records and comparisons to the Page that `bench.report.html` renders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from bench import __version__, registry
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.grid import dataset_named
from bench.record import Record
from bench.papers.sahoo2020 import tables as paper
from bench.claims.claim import Verdict
from bench.claims.verdicts import Finding
from bench.report.listings import Listing
from bench.report.facts import facts
from bench.report.html.page import ClaimRow, Entry, Group, MethodCard, Page, Parts, Sheet, Spot
from bench.report.html.provenance import provenances
from bench.analysis.layout import Layout, Place, method_key
from bench.report.pictures.picture import Picture
from bench.report.settings import departures, settings
from bench.report.table import Table
from bench.statistics.best import Family

PLAIN = "Vanilla"
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
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
        summary=tuple(facts(material.families, material.frame, material.shown)),
        notes=(*departures(config, material.shown, material.records), *material.notes),
        tables=tuple(_groups(material)),
        pictures=tuple(material.pictures),
        listings=tuple(material.listings),
        claims=tuple(sorted(map(_claim, material.findings), key=lambda row: VERDICTS.index(row.verdict))),
        methods=tuple(_cards(material)),
        protocol=settings(config, material.shown, material.records),
        environment=tuple(_environment(material.records)),
        reproduce=tuple(_commands(config, list(material.shown), _example(material.frame))),
        cells=provenances(material.frame),
    )


def _groups(material: Material) -> Iterator[Group]:
    for layout, views in material.tables:
        sheets = tuple(_sheet(material, layout, name, table) for name, table in views.items())
        yield Group(layout.heading, sheets)


def _sheet(material: Material, layout: Layout, name: str, table: Table) -> Sheet:
    return Sheet(table, layout.metric, name, frozenset(_below_floor(material, layout)))


def _below_floor(material: Material, layout: Layout) -> Iterator[Spot]:
    """Give the spots whose difference to the paper's number is smaller than our seeds could see."""
    for task, count in layout.places:
        family = material.families.get(task)
        if family and (found := family.of(str(count), layout.metric)):
            floor = found.noise.smallest_difference(found.figures.shape[1])
            for method, figures in zip(found.methods, found.figures, strict=True):
                theirs = layout.published.get((method_key(method), (task, count)))
                if theirs is not None and abs(float(figures.mean()) - theirs) < floor:
                    yield Spot(method, task, count)


def _claim(finding: Finding) -> ClaimRow:
    claim = finding.claim
    figures: Parts = (finding.figures,) if finding.figures else ()
    theirs = "" if finding.paper == "not printed" else finding.paper
    required, place = claim.required is not None, paper.shown(claim.task)
    return ClaimRow(claim.id, claim.text, claim.source, finding.verdict, figures, theirs, required, place)


def _cards(material: Material) -> Iterator[MethodCard]:
    every = [str(row) for row in material.frame["method"].unique()]
    run = {name.partition("(")[0] for row in every for name in row.split("+")}
    for entry in registry.METHODS:
        if entry.name not in run:
            continue
        method = entry.cls()
        rows = [row for row in every if entry.name in (term.partition("(")[0] for term in row.split("+"))]
        plain = any(entry.name in row.split("+") for row in rows)
        parameters = _parameters(material, entry.name) if plain else ""
        needs = f"{method.smallest_count} images a class" if method.smallest_count > 1 else ""
        cost = _cost(material, entry.name)
        yield MethodCard(
            entry.name,
            entry.summary,
            entry.reference,
            method.slots,
            cost,
            parameters,
            needs,
            tuple(rows) if rows != [entry.name] else (),
        )


def _parameters(material: Material, method: str) -> str:
    """Return a method's arguments as the profile gives them, dataset by dataset where they differ."""
    texts: dict[str, list[str]] = {}
    for task, shown in material.shown.items():
        (part,) = compose(method, given=material.config.profile.arguments(task)).parts
        text = ", ".join(f"{name}={value}" for name, value in part.parameters.items())
        texts.setdefault(text, []).append(shown)
    return next(iter(texts)) if len(texts) == 1 else "; ".join(f"{', '.join(on)}: {it}" for it, on in texts.items())


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
    shares = method != PLAIN and compose(method).training_part == compose(PLAIN).training_part
    return "; ".join(lines) + (f" (it reads {PLAIN}'s fits)" if shares else "")


def _example(frame: pd.DataFrame) -> str:
    """Return the first cell that has a record, as `imbench why` takes it."""
    done = frame[frame["status"].isin(["done", "stale"])]
    row = (done if len(done) else frame).iloc[0]
    return f"{row['task']}/{row['minority_count']}/{row['method']}/{row['seed']}"


def _environment(records: Iterable[Record]) -> Iterator[Entry]:
    yield "imbalance-bench, for this page", __version__
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in record.environment.items():
            found.setdefault(name, {})[value] = None
    for name, values in sorted(found.items()):
        yield name, " or ".join(sorted(values))


def _commands(config: Config, tasks: Iterable[str], example: str) -> Iterator[Entry]:
    profile = config.run.profile
    yield "Set up", "make setup && . .venv/bin/activate"
    for task in tasks:
        if dataset_named(task, config).has_files:
            yield f"Get the images of {task}", f"imbench data prepare {task}"
        yield f"Run {task} and write this page", f"make bench DATASET={task} PROFILE={profile}"
    yield "Write this page from the records that are there", f"imbench report --profile {profile}"
    yield "Recompute every figure on this page", f"imbench verify {config.paths.reports}/{profile}"
    yield "Say what a cell rests on", f"imbench why {example} --profile {profile}"
