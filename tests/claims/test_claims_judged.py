"""Claims are judged by one rule, against records and against the paper's own tables; a typo is one clear line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources

import pytest
from small_claims import claim

from bench.claims.claim import Claim
from bench.claims.files import load_claims
from bench.claims.published import Published, published
from bench.claims.recorded import Recorded
from bench.claims.verdicts import claims_rows, judge, judge_claims
from bench.claims.witness import Told
from bench.papers import shelf

TABLES = json.loads(resources.files("bench.papers.sahoo2020").joinpath("tables.json").read_text(encoding="utf8"))
SAHOO = next(paper for paper in shelf.papers() if paper.citation.startswith("Sahoo"))
PAPER = published(SAHOO)
DO_NOT_HOLD = {  # found by reading the tables
    "alt-beats-vanilla-celeba",  # 0.852 < 0.902 at 400
    "alt-beats-vanilla-cub",  # 0.596 < 0.616 at 125
    "aug-beats-vanilla-celeba-all",  # 0.914 < 0.926 at 600
    "aug-best-celeba-everywhere",  # US 0.9176 > 0.916 at 300
    "aug-best-cub-everywhere",  # US 0.7169 > 0.704 at 100
    "aug-best-horse2zebra-everywhere",  # OS+CS 0.8735 > 0.852 at 100
    "aug-spares-majority-cub",  # 0.618 < 0.670 at 12
    "alt-translates-better-horse2zebra",  # lower at every count
}


class Given:
    """Evidence as written down: differences by (count, a, b), and levels or growth by (count, method)."""

    def __init__(self, **figures: tuple[float, float, float]) -> None:
        self.figures = {key: Told(*values) for key, values in figures.items()}

    def methods(self, task: str, count: int) -> tuple[str, ...]:
        return ("A", "B", "C")

    def level(self, task: str, count: int, metric: str, method: str, confidence: float) -> Told | None:
        return self.figures.get(f"{method}{count}")

    def difference(self, task: str, count: int, metric: str, a: str, b: str, confidence: float) -> Told | None:
        return self.figures.get(f"{a}{b}{count}")

    def growth(self, task: str, counts: tuple[int, int], metric: str, method: str, confidence: float) -> Told | None:
        return self.figures.get(f"{method}{counts[0]}{counts[1]}")


UP, DOWN, NOISE = (0.2, 0.1, 0.3), (-0.2, -0.3, -0.1), (0.1, -0.1, 0.3)


@pytest.mark.parametrize(
    ("said", "figures", "verdict"),
    [
        (claim("beats", over=["B"]), {"AB5": UP}, "reproduced"),
        (claim("beats", over=["B"]), {"AB5": DOWN}, "contradicted"),
        (claim("beats", over=["B"]), {"AB5": NOISE}, "undecided at this noise"),
        (claim("beats", over=["B"]), {}, "not run"),
        (claim("beats", over=["B"], by=0.15), {"AB5": UP}, "undecided at this noise"),
        (claim("beats", over=["B"], by=0.4), {"AB5": UP}, "contradicted"),
        (claim("beats", over=["B", "C"]), {"AB5": UP}, "not run"),
        (claim("beats", over=["B", "C"]), {"AB5": DOWN}, "contradicted"),
        (claim("best"), {"AB5": UP, "AC5": UP}, "reproduced"),
        (claim("best"), {"AB5": UP, "AC5": NOISE}, "undecided at this noise"),
        (claim("best"), {"AB5": DOWN, "AC5": NOISE}, "contradicted"),
        (claim("best", over=["B"]), {"AB5": UP, "AC5": DOWN}, "reproduced"),
        (claim("differs", over="B", by=0.05), {"AB5": DOWN}, "reproduced"),
        (claim("differs", over="B", by=0.4), {"AB5": NOISE}, "contradicted"),
        (claim("differs", over="B", by=0.2), {"AB5": NOISE}, "undecided at this noise"),
        (claim("equal", over="B", within=0.4), {"AB5": NOISE}, "reproduced"),
        (claim("equal", over="B", within=0.05), {"AB5": DOWN}, "contradicted"),
        (claim("equal", over="B", within=0.2), {"AB5": DOWN}, "undecided at this noise"),
        (claim("below", threshold=0.5), {"A5": UP}, "reproduced"),
        (claim("below", threshold=0.05), {"A5": UP}, "contradicted"),
        (claim("above", threshold=0.2), {"A5": UP}, "undecided at this noise"),
        (claim("above", threshold=0.05), {"A5": UP}, "reproduced"),
        (claim("grows", minority=[5, 9]), {"A59": UP}, "reproduced"),
        (claim("grows", minority=[5, 9], by=0.4), {"A59": UP}, "contradicted"),
        (claim("grows", minority=[5, 9]), {}, "not run"),
    ],
)
def test_the_rule(said: Claim, figures: Mapping[str, tuple[float, float, float]], verdict: str) -> None:
    assert judge(said, Given(**figures), Published())[0] == verdict


SMALL, TINY = (0.003, -0.004, 0.008), (0.005, 0.002, 0.008)


@pytest.mark.parametrize(
    ("said", "figures", "verdict"),
    [
        (claim("beats", over=["B"]), SMALL, "contradicted"),
        (claim("beats", over=["B"], margin=0.005), SMALL, "undecided at this noise"),
        (claim("beats", over=["B"], margin=0), SMALL, "undecided at this noise"),
        (claim("beats", over=["B"]), TINY, "reproduced"),
        (claim("beats", over=["B"], by=0.005, margin=0.5), UP, "reproduced"),
        (claim("equal", over="B", within=0.001), SMALL, "undecided at this noise"),
    ],
)
def test_what_is_surely_smaller_than_the_margin_does_not_beat(
    said: Claim, figures: tuple[float, float, float], verdict: str
) -> None:
    assert judge(said, Given(AB5=figures), Published())[0] == verdict


class Asked(Given):
    """Evidence that notes the levels it is asked for."""

    def difference(self, task: str, count: int, metric: str, a: str, b: str, confidence: float) -> Told | None:
        self.levels = {*getattr(self, "levels", ()), round(confidence, 6)}
        return super().difference(task, count, metric, a, b, confidence)


def test_a_claim_about_two_rows_is_one_comparison_at_its_own_level() -> None:
    alone, several, some = Asked(AB5=UP), Asked(AB1=UP, AB2=UP), Asked(AB1=UP, AB2=UP)
    judge(claim("beats", over=["B"], level=0.9), alone, Published())
    judge(claim("beats", over=["B"], level=0.9, minority=[1, 2]), several, Published())
    judge(claim("beats", over=["B"], level=0.9, minority=[1, 2], at_least=1), some, Published())
    assert alone.levels == {0.9}
    assert several.levels == {0.9, round(0.9**0.5, 6)}, "to be true it must be so twice, to be false once"
    assert some.levels == {round(0.9**0.5, 6)}


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        ([UP, UP, DOWN], "reproduced"),
        ([UP, UP, None], "reproduced"),
        ([UP, DOWN, DOWN], "contradicted"),
        ([DOWN, DOWN, None], "contradicted"),
        ([UP, NOISE, DOWN], "undecided at this noise"),
        ([UP, NOISE, None], "not run"),
    ],
)
def test_in_two_of_three_counts(points: Sequence[tuple[float, float, float] | None], verdict: str) -> None:
    said = claim("beats", over=["B"], minority=[1, 2, 3], at_least=2)
    figures = {f"AB{count}": point for count, point in enumerate(points, start=1) if point}
    assert judge(said, Given(**figures), Published())[0] == verdict


def test_every_claim_is_held_against_the_papers_own_tables() -> None:
    claims = [claim for claim, _ in load_claims(papers=[SAHOO]).values()]
    found = judge_claims(claims, Recorded({}), lambda claim: PAPER)
    assert len(found) >= 20 and {finding.verdict for finding in found} == {"not run"}
    assert {finding.claim.id for finding in found if finding.paper != "holds"} == DO_NOT_HOLD
    assert "not printed" not in {finding.paper for finding in found}


def test_the_papers_numbers_are_the_tables() -> None:
    paper = PAPER
    level = paper.level("horse2zebra", 25, "f1_minority", "CS+US")
    assert level == Told(0.2865, 0.2865, 0.2865)
    assert paper.level("celeba", 600, "acsa", "AUG") == Told(0.915, 0.915, 0.915)
    for task, part in TABLES["table_2"]["parts"].items():
        for count, plain, joint in zip(part["columns"], part["rows"]["CycleGAN"], part["rows"]["ALT"], strict=True):
            gain = paper.difference(task, count, "translation_accuracy", "ALT", "CycleGAN")
            assert gain is not None and gain.value == pytest.approx(joint - plain)


def test_best_in_the_paper_is_the_highest_of_its_column() -> None:
    for name, task in (("table_1_cub", "cub"), ("table_3", "horse2zebra"), ("table_4", "celeba")):
        table = TABLES[name]
        for j, count in enumerate(table["columns"]):
            column = {method: values[j] for method, values in table["rows"].items()}
            winners = [method for method, value in column.items() if value == max(column.values())]
            for method in column:
                said = claim("best", task=task, minority=[count], metric="f1_minority", method=method)
                assert (judge(said, PAPER, PAPER)[0] == "reproduced") == (winners == [method])


def test_a_required_claim_that_does_not_come_out_so_fails() -> None:
    evidence = Given(AB5=NOISE)
    findings = judge_claims(
        [
            claim("beats", over=["B"], required="reproduced"),
            claim("beats", over=["B"], required="undecided at this noise"),
            claim("beats", over=["B"]),
            claim("beats", over=["C"], required="reproduced"),
        ],
        evidence,
        lambda claim: Published(),
    )
    assert [finding.failed for finding in findings] == [True, False, False, True], "what was not run is not reproduced"
    assert claims_rows(findings)[0]["required"] == "reproduced: failed"


def test_a_claim_says_that_code_has_changed_under_its_runs() -> None:
    said = claim("beats", over=["B"])
    (fresh,) = judge_claims([said], Given(AB5=UP), lambda claim: Published())
    (stale,) = judge_claims([said], Given(AB5=UP), lambda claim: Published(), lambda task, at: (task, at) == ("toy", 5))
    assert fresh.verdict == stale.verdict == "reproduced", "figures stand all the same"
    assert stale.figures == f"{fresh.figures} (some of these runs were made by code that has changed since)"
