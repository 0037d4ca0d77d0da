"""Verdicts: what a witness says about a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from bench.analysis.spots import method_key
from bench.claims.claim import UNDECIDED, Above, Beats, BeatsAll, Below, Claim, Grows, Verdict, rivals
from bench.claims.published import Published
from bench.claims.witness import INFINITE, At, Told, Witness

STALE = " (some of these runs were made by code that has changed since)"
Print = Literal["holds", "does not hold", "not printed"]


@dataclass(frozen=True)
class Point:
    """What is found at one place, in a word and in figures."""

    verdict: Verdict
    figures: str


@dataclass(frozen=True)
class Held:
    """A claim with what our records say about it, and whether it holds in the tables of the paper itself.

    `stale` says that a run at its places was made by code that has changed since.
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
        """The figures of every place in one line."""
        return "; ".join(point.figures for point in self.points) + (STALE if self.stale else "")


def judge_claims(
    claims: Iterable[Claim],
    witness: Witness,
    printed_of: Callable[[Claim], Published],
    is_stale: Callable[[str, At], bool] = lambda task, at: False,
) -> tuple[Held, ...]:
    """Hold claims against a witness; see `judge` for the rule.

    Under `Finding.paper` the same rule is applied to the numbers that the claim's paper prints, as if they had no
    noise. `is_stale` says whether a place has runs of code that has changed since.
    """
    found = []
    for claim in claims:
        printed = printed_of(claim)
        verdict, points = judge(claim, witness, printed)
        theirs, _ = judge(claim, printed, printed)
        word: Print = "holds" if theirs == "reproduced" else "not printed" if theirs == "not run" else "does not hold"
        stale = any(is_stale(claim.task, at) for at in claim.places)
        found.append(Held(claim, verdict, points, word, stale))
    return tuple(found)


def claims_rows(findings: Iterable[Held]) -> list[dict[str, Any]]:
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


def judge(claim: Claim, witness: Witness, printed: Published) -> tuple[Verdict, tuple[Point, ...]]:
    """Return the verdict on a claim, and what it rests on at each place.

    A comparison is true at a place if its whole interval lies where the claim says, false if the whole interval lies
    elsewhere, and undecided if it has a part in both. That a method is higher than another is false, too, of a
    difference that is surely smaller than the claim's margin. What is said of several rivals is true if it is so of
    all, and false if it is not so of one. The claim is *reproduced* if it is true at all its places, or at `at_least`
    so many; *contradicted* if it is false at so many that too few are left; else *not run* if a figure that it needs
    is lacking; else *undecided at this noise*. `printed` names the rows that a claim to be the best is about.

    The claim is wrongly called reproduced, or wrongly contradicted, with at most the chance that its level leaves
    (the half of it for what lies to one side). Where all comparisons must be true, each may have the claim's own level
    (intersection-union, Berger 1982, doi:10.1080/00401706.1982.10487790); where one of several would do, each has a
    Šidák share of it.
    """
    points = tuple(_points(claim, witness, printed))
    true = sum(point.verdict == "reproduced" for point in points)
    false = sum(point.verdict == "contradicted" for point in points)
    needed = claim.at_least or len(points)
    return _verdict(true >= needed, false > len(points) - needed, points), points


def _points(claim: Claim, witness: Witness, printed: Published) -> Iterable[Point]:
    """Give the claim's point at each place; growth has one, from the first place to the second."""
    if isinstance(claim, Grows):
        first, last = claim.places
        growth = partial(witness.growth, claim.task, (first, last), claim.metric, claim.method)
        yield _point(claim, f"{first} to {last}", claim.method, growth, 1)
        return
    for at in claim.places:
        if isinstance(claim, Below | Above):
            level = partial(witness.level, claim.task, at, claim.metric, claim.method)
            yield _point(claim, str(at), claim.method, level, len(claim.places))
        else:
            others = rivals(claim) or _everyone(claim, at, printed, witness)
            yield _against_all(claim, witness, at, others)


def _against_all(claim: Claim, witness: Witness, at: At, others: Iterable[str]) -> Point:
    """Compare with each rival; of several, the figures are those of the one that is the hardest to beat."""
    names = list(others)
    comparisons = len(claim.places) * max(1, len(names))
    points, lacking = [], []
    for other in names:
        ask = partial(witness.difference, claim.task, at, claim.metric, claim.method, other)
        found = ask(claim.level ** (1 / comparisons))
        point = _point(claim, str(at), f"{claim.method} - {other}" if found else other, ask, comparisons)
        if found is None:
            lacking.append((other, point))
        else:
            points.append((found.value, point))
    if not points:  # a best among no others at all is not a comparison either
        against = lacking[0][0] if len(lacking) == 1 else "others"
        return Point("not run", f"{at}: {claim.method} against {against} not run")
    judged = [point for _, point in (*points, *lacking)]
    hardest = min(points, key=lambda it: it[0])[1]
    note = f" (not run: {', '.join(name for name, _ in lacking)})" if lacking else ""
    verdicts = {point.verdict for point in judged}
    return Point(_verdict(verdicts == {"reproduced"}, "contradicted" in verdicts, judged), hardest.figures + note)


def _everyone(claim: Claim, at: At, *witnesses: Witness) -> list[str]:
    """Return whom the best must beat: the rows of the paper's table, or what was run where it has none."""
    named = next((names for it in witnesses if (names := it.methods(claim.task, at))), ())
    return [method for method in named if method_key(method) != method_key(claim.method)]


def _point(claim: Claim, place: str, what: str, ask: Callable[[float], Told | None], comparisons: int) -> Point:
    """Judge one comparison of so many that the claim makes; `ask` gives its figure at a level."""
    shared = claim.level ** (1 / comparisons)
    every = claim.at_least in (None, len(claim.places))
    found, wide = ask(claim.level if every else shared), ask(shared)
    if found is None or wide is None:
        return Point("not run", f"{place}: {what} not run")
    true, false = _is_true(claim, found), _is_false(claim, wide)
    verdict: Verdict = "reproduced" if true else "contradicted" if false else UNDECIDED
    return Point(verdict, f"{place}: {what} {found if true else wide}")


def _is_true(claim: Claim, found: Told) -> bool:
    """Return whether the whole interval lies where the claim says.

    Two bounds belong to what lies between them, as in "no farther apart than"; a single one to neither side.
    """
    low, high = claim.bounds
    closed = INFINITE not in (-low, high)
    above = low == -INFINITE or found.low > low or (closed and found.low == low)
    below = high == INFINITE or found.high < high or (closed and found.high == high)
    return above and below if claim.inside else found.high < low or found.low > high


def _is_false(claim: Claim, found: Told) -> bool:
    """Return whether the whole interval lies elsewhere, or below what one method must be higher than another by."""
    low, high = claim.bounds
    if isinstance(claim, BeatsAll | Beats | Grows):
        return found.high < max(low, claim.margin)
    return found.high < low or found.low > high if claim.inside else low <= found.low and found.high <= high


def _verdict(true: bool, false: bool, points: Iterable[Point]) -> Verdict:
    if true or false:
        return "reproduced" if true else "contradicted"
    return "not run" if any(point.verdict == "not run" for point in points) else UNDECIDED
