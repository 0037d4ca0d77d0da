"""Claims: which of the papers' sentences the records bear out, and which their own tables do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from bench.claims.claim import UNDECIDED, Verdict
from bench.claims.files import load_claims
from bench.claims.verdicts import Held
from bench.findings.printing import MISSING, counted
from bench.findings.section import Grid, Section
from bench.findings.study import Evidence
from bench.papers import shelf
from bench.report.build import findings

NOT_RUN: Verdict = "not run"
JUDGED: tuple[Verdict, ...] = ("reproduced", "contradicted", UNDECIDED)
SHORT: Mapping[str, str] = {UNDECIDED: "undecided", NOT_RUN: MISSING}
AS_GENERAL = (
    "The papers train from scratch, at their own size. Under another protocol a sentence is judged as if it were "
    "general: that a gain of 0.3 does not reproduce above a plain training of 0.7 says nothing of their tables."
)
ByProfile = Mapping[str, Held]  # what became of one claim


@cache
def claims_by_paper(found: Evidence) -> Mapping[str, Sequence[ByProfile]]:
    """Return what became of each claim under each profile, by the paper that it is of; a user's own are left out."""
    held = {profile: {it.claim.id: it for it in findings(mine)} for profile, mine in found.gathered.items()}
    papers: dict[str, list[ByProfile]] = {}
    for id, (_, paper) in load_claims(papers=shelf.papers()).items():
        assert paper is not None
        papers.setdefault(paper.citation, []).append({profile: mine[id] for profile, mine in held.items()})
    return papers


def first(claim: ByProfile) -> Held:
    """Return a claim as it is held under the first profile; what it says is the same under all."""
    return next(iter(claim.values()))


def claimed(found: Evidence) -> Section:
    """Return the verdicts, a table a paper."""
    papers = claims_by_paper(found)
    return Section(
        "What reproduces",
        (*(_counts(paper, claims, found.profiles) for paper, claims in papers.items()), AS_GENERAL),
        tuple(grid for paper, claims in papers.items() if (grid := _grid(paper, claims, found.profiles)).rows),
        lacking=tuple(_not_run(papers)),
    )


def _counts(paper: str, claims: Sequence[ByProfile], profiles: tuple[str, ...]) -> str:
    """Return one sentence a paper: of so many claims, what is reproduced, contradicted, undecided."""
    parts = []
    for profile in profiles:
        told = [claim[profile].verdict for claim in claims]
        if run := len(told) - told.count(NOT_RUN):
            kinds = [f"{n} {SHORT.get(it, it)}" for it in JUDGED if (n := told.count(it))]
            sizes = sum(said == "contradicted" and _of_size(it) for it, said in zip(claims, told, strict=True))
            of_size = f" ({sizes} of them for a size that they name)" if sizes else ""
            kinds = [f"{it}{of_size}" if it.endswith("contradicted") else it for it in kinds]
            parts.append(f"{profile}: {', '.join(kinds)}, of {run} that are run")
    return f"{paper}, {counted(len(claims), 'claim')}: {'; '.join(parts) or 'none is run yet'}."


def _of_size(claim: ByProfile) -> bool:
    """Return whether a sentence names how large a figure or a difference is, and not alone which is higher or alike."""
    it = first(claim).claim
    return it.kind in ("above", "below") or bool(getattr(it, "by", 0.0))


def _grid(paper: str, claims: Sequence[ByProfile], profiles: tuple[str, ...]) -> Grid:
    rows = []
    for claim in claims:
        told = [claim[profile].verdict for profile in profiles]
        if set(told) != {NOT_RUN}:
            it, entries = first(claim), tuple(SHORT.get(verdict, verdict) for verdict in told)
            rows.append((it.claim.text, shelf.shown(it.claim.task), *entries, it.paper))
    return Grid(("Claim", "Dataset", *profiles, "In the paper's own tables"), tuple(rows), paper, folded=True)


def _not_run(papers: Mapping[str, Sequence[ByProfile]]) -> Iterator[str]:
    for paper, claims in papers.items():
        lost = [claim for claim in claims if {it.verdict for it in claim.values()} == {NOT_RUN}]
        if lost:
            tasks = dict.fromkeys(shelf.shown(first(claim).claim.task) for claim in lost)
            yield f"{counted(len(lost), 'claim')} of {paper}, on {', '.join(tasks)}: not run."
