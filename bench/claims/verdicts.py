"""Judging: what evidence says about a claim."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bench.claims.claim import UNDECIDED, Above, Below, Best, Claim, Differs, Equal, Grows, Verdict, rivals
from bench.claims.witness import Estimate, Evidence
from bench.claims.published import published
from bench.analysis.layout import Place, method_key

STALE = " (some of these runs were made by code that has changed since)"
Print = Literal["holds", "does not hold", "not printed"]


@dataclass(frozen=True)
class Point:
    """What is found at one minority count, in a word and in figures."""

    verdict: Verdict
    figures: str


@dataclass(frozen=True)
class Finding:
    """A claim with what our records say about it, and whether it holds in the tables of the paper itself.

    `stale` says that a run at its minority counts was made by code that has changed since.
    """

    claim: Claim
    verdict: Verdict
    points: tuple[Point, ...]
    paper: Print
    stale: bool = False

    @property
    def failed(self) -> bool:
        """Whether the claim must have another verdict than this one."""
        return self.claim.required not in (None, self.verdict)

    @property
    def figures(self) -> str:
        """The figures of every minority count in one line."""
        return "; ".join(point.figures for point in self.points) + (STALE if self.stale else "")


def judge_claims(
    claims: Iterable[Claim], evidence: Evidence, stale: Collection[Place] = frozenset()
) -> tuple[Finding, ...]:
    """Hold claims against evidence; see `judge` for the rule.

    Under `Finding.paper` the same rule is applied to the paper's printed numbers, as if they had no noise. `stale` are
    the places that have runs of code that has changed since.
    """
    return tuple(_finding(claim, evidence, stale) for claim in claims)


def claims_rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return one row per finding, as the commands print it."""
    return [
        {
            "claim": finding.claim.id,
            "says": finding.claim.text,
            "source": finding.claim.source,
            "verdict": finding.verdict,
            "figures": finding.figures,
            "in the paper's own tables": finding.paper,
            "required": f"{finding.claim.required}: failed" if finding.failed else finding.claim.required or "",
        }
        for finding in findings
    ]


def judge(claim: Claim, evidence: Evidence) -> tuple[Verdict, tuple[Point, ...]]:
    """Return the verdict on a claim, and what it rests on at each minority count.

    A comparison is true at a count if its whole interval lies where the claim says, false if the whole interval lies
    elsewhere, and undecided if it has a part in both. What is said of several rivals is true if it is so of all, and
    false if it is not so of one. The claim is *reproduced* if it is true at all its counts, or at `at_least` so many;
    *contradicted* if it is false at so many that too few are left; else *not run* if a figure that it needs is
    lacking; else *undecided at this noise*.
    """
    points = tuple(_points(claim, evidence))
    true = sum(point.verdict == "reproduced" for point in points)
    false = sum(point.verdict == "contradicted" for point in points)
    needed = claim.at_least or len(points)
    return _verdict(true >= needed, false > len(points) - needed, points), points


def _finding(claim: Claim, evidence: Evidence, stale: Collection[Place]) -> Finding:
    verdict, points = judge(claim, evidence)
    printed, _ = judge(claim, published())
    word: Print = "holds" if printed == "reproduced" else "not printed" if printed == "not run" else "does not hold"
    return Finding(claim, verdict, points, word, any((claim.task, count) in stale for count in claim.minority))


def _points(claim: Claim, evidence: Evidence) -> Iterable[Point]:
    """Give the claim's point at each minority count; growth has one, from the first count to the second."""
    if isinstance(claim, Grows):
        found = evidence.growth(claim.task, claim.minority, claim.metric, claim.method, 1)
        place = f"{claim.minority[0]} to {claim.minority[1]}"
        yield _lacking(place, claim.method) if found is None else _point(claim, place, claim.method, found)
        return
    for count in claim.minority:
        if isinstance(claim, Below | Above):
            level = evidence.level(claim.task, count, claim.metric, claim.method, len(claim.minority))
            place = str(count)
            yield _lacking(place, claim.method) if level is None else _point(claim, place, claim.method, level)
        else:
            yield _against_all(claim, evidence, count)


def _against_all(claim: Claim, evidence: Evidence, count: int) -> Point:
    """Compare with each rival; of several, the figures are those of the one that is the hardest to beat."""
    others = rivals(claim) or _everyone(claim, evidence, count)
    comparisons = len(claim.minority) * max(1, len(others))
    points, lacking = [], []
    for other in others:
        found = evidence.difference(claim.task, count, claim.metric, claim.method, other, comparisons)
        if found is None:
            lacking.append(other)
        else:
            points.append((found.value, _point(claim, str(count), f"{claim.method} - {other}", found)))
    if not points:  # a best among no others at all is not a comparison either
        return _lacking(str(count), f"{claim.method} against {lacking[0] if len(lacking) == 1 else 'others'}")
    judged = [point for _, point in points] + [_lacking(str(count), other) for other in lacking]
    hardest = min(points, key=lambda it: it[0])[1]
    note = f" (not run: {', '.join(lacking)})" if lacking else ""
    verdicts = {point.verdict for point in judged}
    return Point(_verdict(verdicts == {"reproduced"}, "contradicted" in verdicts, judged), hardest.figures + note)


def _everyone(claim: Claim, evidence: Evidence, count: int) -> list[str]:
    """Return whom the best must beat: the rows of the paper's table, or what was run where it has none."""
    assert isinstance(claim, Best)
    named = published().methods(claim.task, count) or evidence.methods(claim.task, count)
    return [method for method in named if method_key(method) != method_key(claim.method)]


def _point(claim: Claim, place: str, what: str, found: Estimate) -> Point:
    true, false = _says(claim, found)
    verdict: Verdict = "reproduced" if true else "contradicted" if false else UNDECIDED
    return Point(verdict, f"{place}: {what} {found}")


def _says(claim: Claim, found: Estimate) -> tuple[bool, bool]:
    """Return whether the whole interval lies where the claim says, and whether all of it lies elsewhere."""
    if isinstance(claim, Below):
        return found.high < claim.threshold, found.low > claim.threshold
    if isinstance(claim, Above):
        return found.low > claim.threshold, found.high < claim.threshold
    if isinstance(claim, Equal | Differs):
        most = claim.within if isinstance(claim, Equal) else claim.by
        near = -most <= found.low and found.high <= most
        far = found.low > most or found.high < -most
        return (near, far) if isinstance(claim, Equal) else (far, near)
    by = getattr(claim, "by", 0.0)
    return found.low > by, found.high < by


def _lacking(place: str, what: str) -> Point:
    return Point("not run", f"{place}: {what} not run")


def _verdict(true: bool, false: bool, points: Iterable[Point]) -> Verdict:
    if true or false:
        return "reproduced" if true else "contradicted"
    return "not run" if any(point.verdict == "not run" for point in points) else UNDECIDED
