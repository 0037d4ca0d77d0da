"""Build the report: gather records, compare, and put everything into one value; then draw and write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import pandas as pd

from bench.analysis import measured
from bench.analysis.compared import judged_generators, judged_translators
from bench.analysis.gather import Gathered, gather
from bench.analysis.layout import main_rows
from bench.analysis.lone import Labels
from bench.analysis.metrics import MAIN, METRICS
from bench.analysis.origins import Wish
from bench.analysis.recommending import Advised
from bench.analysis.spots import method_key, resolved
from bench.analysis.states import COUNTED
from bench.claims.claim import Claim, Verdict, rivals
from bench.claims.files import check_names, load_claims
from bench.claims.published import Published, published
from bench.claims.recorded import Recorded
from bench.claims.verdicts import Held, judge_claims
from bench.claims.witness import At
from bench.papers import shelf
from bench.plan.config import Config
from bench.plan.publish import publishable
from bench.plan.second import SECOND, first_of
from bench.report import first_look
from bench.report.asides import asides
from bench.report.cards import cards, commands, environment
from bench.report.cautions import cautions, has_seen
from bench.report.departures import departures, settings
from bench.report.emit import write
from bench.report.facts import facts
from bench.report.figure import Figure
from bench.report.illustrate import Illustrations
from bench.report.listings import listings
from bench.report.luck import luck_words
from bench.report.provenance import asked, provenances
from bench.report.recommended import answer
from bench.report.report import ClaimRow, Report
from bench.report.sheets import Frames, sheets
from bench.report.subject import Subject, subjects_of
from bench.store.store import Store

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
FRAMES = {
    "cells.csv": "one row per run, from which the tables are made",
    measured.FILE: "one row per translator that evaluators judged, from which the tables of translators are made",
    "records.csv": "every record that the report may rest on",
}


def build_report(
    config: Config, requested: tuple[str, ...], stores: Sequence[Store], methods: tuple[str, ...] = ()
) -> tuple[list[Path], list[Path]]:
    """Write the report of the Config's profile, of some methods alone if any are named.

    Returns its files, and the damaged artifacts that were moved aside as they were to be drawn from.

    Errors as for `gather`.
    """
    found = gathered(config, requested, stores, methods=methods)
    illustrations = Illustrations(found)
    subjects = subjects_of(found, illustrations.begin)
    report = build(found, subjects, requested, methods)
    pictures, undrawn = illustrations.finished(subjects)
    report = replace(report, pictures=pictures, left_out=(*report.left_out, *undrawn))
    folder = config.paths.reports / config.run.profile
    with suppress(OSError):  # of a folder that is none, say: the writing tells it
        (folder / first_look.FILE).unlink()  # the tables take its place
    return write(report, folder), illustrations.damaged


def gathered(
    config: Config,
    requested: tuple[str, ...],
    stores: Sequence[Store],
    stale: Collection[str] | None = None,
    banner: str = "",
    labels: Labels = MappingProxyType({}),
    methods: tuple[str, ...] = (),
) -> Gathered:
    """Gather with the papers' datasets first and their ablations aside; parameters as of `Wish`."""
    if methods:
        config = config.model_copy(update={"run": config.run.model_copy(update={"methods": methods})})
    order = [task for paper in shelf.papers() for task in paper.tasks]
    return gather(config, stores, Wish(requested, methods, order, shelf.ablated, stale, banner, labels))


def build(
    found: Gathered,
    subjects: Mapping[str, Subject],
    requested: tuple[str, ...] = (),
    methods: tuple[str, ...] = (),
) -> Report:
    """Return the report without its pictures: every table, listing, sentence and claim."""
    config = found.config
    rows = main_rows(found.frame, shelf.ablated)
    tasks = [task for task in found.origins if (rows.loc[rows["task"] == task, "status"] != "missing").any()]
    shown = {task: shelf.shown(task) for task in tasks}
    mine = rows[rows["task"].isin(tasks)]
    told = {task: subjects[task] for task in tasks if task in subjects}
    published = {task: _published(found, task) for task in found.origins}
    ours = {id for ids in published.values() for id in ids}  # not those of other profiles
    records = [found.records[id] for id in sorted(found.records) if id in ours]
    luck = [words for task in tasks for words in luck_words(task, shown[task], found.frame)]
    said = cautions(config, dict.fromkeys((*tasks, *requested)))
    frames = Frames(found.frame, found.measured, found.banner, config.report.interval, found.families, said)
    return Report(
        title="Which remedy for a rare class?",
        banner=found.banner,
        profile=config.run.profile,
        made_with={
            "seeds": config.run.seeds,
            "interval": config.report.interval,
            "requested": list(requested),
            "methods": list(methods),
            "stale": sorted({*found.frame.loc[found.frame["status"] == "stale", "record"]} | {*_stale(found)}),
        },
        answers=tuple(
            answer(it.advised, it.shown, has_seen(config, task))
            for task, it in told.items()
            if isinstance(it.advised, Advised)
        ),
        summary=tuple(fact for subject in told.values() for fact in facts(subject)),
        notes=(
            *dict.fromkeys(line for lines in said.values() for line in lines),
            *departures(config, shown, records),
            *luck,
            *_unsaid(told),
            *_undecided(told),
        ),
        left_out=found.lost,
        sheets=tuple(sheets(frames, list(dict.fromkeys((*tasks, *requested))))),
        listings=tuple(
            listing for task, subject in told.items() for listing in (*listings(subject), *asides(task, found.frame))
        ),
        claims=tuple(sorted(_claims(found), key=lambda row: VERDICTS.index(row.verdict))),
        methods=tuple(cards(config, mine, told)),
        protocol=settings(config, shown, records),
        environment=tuple(environment(records)),
        reproduce=tuple(commands(config, tasks, mine)) if len(mine) else (),
        cells=provenances(mine, asked(config, mine)),
        frames=dict(_frames(found, published)),
    )


def findings(found: Gathered) -> tuple[Held, ...]:
    """Hold the papers' claims, and the user's, against the records.

    Raises
    ------
    ConfigError
        A file of claims is wrong; the text names it.
    """
    papers = shelf.papers()
    claims = load_claims(found.config.report.claims, papers)
    said = [paper.translations for paper in papers if paper.translations]
    check_names(
        [claim for claim, _ in claims.values()],
        found.config,
        [name for it in said for name in (it.rivals.alone, it.rivals.joint)],
    )
    shares = {spot: it for one in said for spot, it in judged_translators(found.measured, one.rivals).items()}
    recorded = Recorded(found.outcomes, shares, judged_generators(found.measured))
    printed = {paper.citation: published(paper) for paper in papers}
    rows = found.frame[found.frame["status"] == "stale"]
    stale = {*zip(rows["task"], rows["place"], strict=True)}

    def printed_of(claim: Claim) -> Published:
        paper = claims[claim.id][1] or shelf.paper_of(claim.task)
        return printed[paper.citation] if paper else Published()

    def is_stale(task: str, at: At) -> bool:
        return resolved(task, at, found.outcomes) in stale

    return judge_claims([claim for claim, _ in claims.values()], recorded, printed_of, is_stale)


def _unsaid(subjects: Mapping[str, Subject]) -> Iterator[str]:
    """Say which main figures there are none of, where a dataset has many classes."""
    for subject in subjects.values():
        reasons = [{METRICS[name].supports(it.counts) for it in subject.part.columns} for name in MAIN]
        lacking = dict.fromkeys(
            next(iter(each))
            for name, each in zip(MAIN, reasons, strict=True)
            if METRICS[name].band and not subject.of_two and len(each) == 1 and each != {""}
        )
        if lacking:
            yield f"{subject.shown}: {'; '.join(lacking)}: not applicable, so that no table shows their recall."


def _undecided(subjects: Mapping[str, Subject]) -> Iterator[str]:
    """Say why a dataset, or a place of it, has no recommendation."""
    for it in subjects.values():
        if why := it.advised if isinstance(it.advised, str) else "; ".join(it.advised.alone.values()):
            yield f"{it.shown}: no recommendation: {why}."


def _claims(found: Gathered) -> Iterator[ClaimRow]:
    """Give each claim with what became of it, and the records of the rows that it names."""
    for finding in findings(found):
        claim = finding.claim
        figures = (Figure("other", finding.figures, records=_behind(claim, found)),) if finding.figures else ()
        theirs = "" if finding.paper == "not printed" else finding.paper
        required, place = claim.required is not None, shelf.shown(claim.task)
        yield ClaimRow(claim.id, claim.text, claim.source, finding.verdict, figures, theirs, required, place)


def _behind(claim: Claim, found: Gathered) -> tuple[str, ...]:
    """Return the records of a claim's rows at its places: of all rows, where it does not name those it is against."""
    rows = found.frame[found.frame["status"].isin(COUNTED) & (found.frame["translator"] == 0)]
    there = {resolved(claim.task, at, found.outcomes)[1] for at in claim.places}
    rows = rows[(rows["task"] == claim.task) & rows["place"].isin(there)]
    if claim.kind != "best" or rivals(claim):
        keys = set(map(method_key, (claim.method, *rivals(claim))))
        named = [method for method in rows["method"].unique() if method_key(method) in keys]
        rows = rows[rows["method"].isin(named)]
    return tuple(dict.fromkeys(rows["record"]))


def _stale(found: Gathered) -> Iterator[str]:
    rows = found.measured
    yield from rows.loc[rows["status"] == "stale", "record"]


def _frames(found: Gathered, published: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, tuple[str, pd.DataFrame]]]:
    """Give what is written as CSV; of measurements nothing where none was made."""
    yield "cells.csv", (FRAMES["cells.csv"], found.frame)
    if (found.measured["status"] != "missing").any():
        yield measured.FILE, (FRAMES[measured.FILE], found.measured)
    rows = []
    for task, origin in found.origins.items():
        ids = published[task]
        rows += [(id, task, origin.records[id].kind) for id in ids]
        rows += [(id, task, SECOND) for id in sorted(origin.again) if first_of(origin.again[id].identity) in ids]
    yield "records.csv", (FRAMES["records.csv"], pd.DataFrame(rows, columns=["record", "task", "kind"]))


def _published(found: Gathered, task: str) -> list[str]:
    """Return the ids of a dataset's records of this profile."""
    origin = found.origins[task]
    return publishable(found.config, origin.records, task, origin.grid)
