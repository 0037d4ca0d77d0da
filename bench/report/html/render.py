"""Render: a report as one HTML document without anything to load; every name in it is escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.analysis.metrics import METRICS
from bench.analysis.spots import Spot
from bench.analysis.value import printed
from bench.claims.claim import Verdict
from bench.report.figure import Figure
from bench.report.html.cells import ruled, target_of
from bench.report.pictures.picture import DPI
from bench.report.report import ClaimRow, Provenance, Report

TEMPLATES = "templates"
MOST_RUNS = 10  # of a cell whose figures stand in the page; those of more would make it larger than one wants to open
CSS_PIXELS = 96  # an inch
SECTIONS = {
    "answers": "What to take",
    "summary": "Comparisons",
    "sheets": "Tables",
    "pictures": "Pictures",
    "listings": "Behind the numbers",
    "claims": "Claims",
    "methods": "Methods",
    "protocol": "Protocol",
    "environment": "Environment",
    "reproduce": "How to reproduce",
    "cells": "Every run",
    "left_out": "Left out",
}
VERDICTS: dict[Verdict, str] = {
    "reproduced": "\N{CHECK MARK}",
    "contradicted": "\N{MULTIPLICATION X}",
    "undecided at this noise": "\N{ALMOST EQUAL TO}",
    "not run": "\N{EN DASH}",
}
# What follows `doi:` or `arXiv:` in a reference, and where it leads.
SOURCES = (
    (re.compile(r"doi:\s*(10\.\d{4,}/[\w.;()/:-]*\w)"), "https://doi.org/"),
    (re.compile(r"arXiv[: ]\s*(\d{4}\.\d{4,5})"), "https://arxiv.org/abs/"),
)


def render(page: Report) -> str:
    """Return the page as HTML text: style, script and pictures within, and nothing that a browser would fetch."""
    targets = {target_of(cell.spot): f"run-{k}" for k, cell in enumerate(page.cells)}

    def target(figure: Figure) -> str:
        return targets.get(target_of(Spot(figure.method, figure.task, figure.place)), "") if figure.method else ""

    groups = [group for sheet in page.sheets for group in sheet.groups]
    anchors = anchored("table", (next(iter(views.values())).name for _, views in groups))
    tables = [
        (anchor, heading, [ruled(table, name, targets) for name, table in views.items()])
        for anchor, (heading, views) in zip(anchors, groups, strict=True)
    ]
    template = _environment().get_template("page.html")
    return template.render(
        page=page,
        sections={name: title for name, title in SECTIONS.items() if _filled(page, name)},
        tables=tables,
        runs=[(key, list(cells)) for key, cells in groupby(page.cells, key=_column)],
        target=target,
        said=_said,
        target_of=lambda cell: targets[target_of(cell.spot)],
        style=_asset("page.css"),
        script=_asset("page.js"),
    )


def anchored(prefix: str, names: Iterable[str]) -> list[str]:
    """Return one id per name, made of its letters and digits, and of its number where that is not enough."""
    ids: list[str] = []
    for k, name in enumerate(names):
        slug = f"{prefix}-{re.sub('[^a-z0-9]+', '-', name.lower().removeprefix(prefix)).strip('-')}"
        ids.append(f"{slug}-{k}" if slug in ids or slug == f"{prefix}-" else slug)
    return ids


def _said(cells: Iterable[Provenance]) -> list[str]:
    """Return the metrics that some cells have means of, in the registry's order."""
    known = {mean.metric for cell in cells for mean in cell.means}
    return [name for name in METRICS if name in known]


def _column(cell: Provenance) -> tuple[str, str]:
    return cell.spot.task, cell.shown


def _filled(page: Report, section: str) -> bool:
    return bool(section == "summary" or (page.embedded if section == "pictures" else getattr(page, section)))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bench.report.html", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(data_uri=_data_uri, size=_size, linked=_linked, ident=_ident)
    made.globals.update(
        titles={name: it.title for name, it in METRICS.items()},
        verdicts=VERDICTS,
        most_runs=MOST_RUNS,
        printed=printed,
        Figure=Figure,
        verdict_counts=_counts,
    )
    return made


def _ident(name: str) -> str:
    """Return a name without blanks, which would end an id where ids are listed."""
    return re.sub(r"\s+", "-", name)


def _counts(claims: Iterable[ClaimRow]) -> list[tuple[Verdict, int]]:
    counts = Counter(claim.verdict for claim in claims)
    return [(verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict]]


def _asset(name: str) -> Markup:
    """Return a style sheet or script of ours, to stand in the page as it is."""
    return Markup(resources.files(__package__).joinpath(TEMPLATES, name).read_text(encoding="utf-8"))


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _size(png: bytes) -> dict[str, Any]:
    """Return width and height in CSS pixels, as the head of a PNG has them at the resolution of our pictures."""
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    return {"width": round(width * CSS_PIXELS / DPI), "height": round(height * CSS_PIXELS / DPI)}


def _linked(reference: str) -> Markup:
    """Return a reference with its doi or arXiv number as a link."""
    for pattern, root in SOURCES:
        if found := pattern.search(reference):
            link = Markup('<a href="{}{}" rel="noreferrer">{}</a>').format(root, found[1], found[0])
            return Markup("{}{}{}").format(reference[: found.start()], link, reference[found.end() :])
    return Markup("{}").format(reference)
