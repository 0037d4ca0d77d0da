"""A paper is a folder: a second one brings its table, its numbers and its claims, and nothing else has to know."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_measurements import table_lines
from small_reports import runs, written

import bench.papers
from bench.analysis.spots import method_key
from bench.claims.files import load_claims
from bench.claims.published import published
from bench.papers import shelf

SECOND = '''
from bench.analysis.layout import Column, Layout, Part
from bench.analysis.spots import method_key
from bench.papers.paper import Paper

PART = Part("toy", "Toy images", "few", "many", (Column("900:5", (900, 5)), Column("900:9", (900, 9))))
NUMBERS = {(method_key("OS"), ("toy", "900:5")): 0.25, (method_key("CS"), ("toy", "900:5")): 0.75}
PAPER = Paper(
    citation="Somebody 2099",
    profile="theirs",
    tasks={"toy": "Toy images"},
    tables=(
        Layout("somebody_01", "acsa", (PART,), ("OS", "CS"), 1, published=NUMBERS, citation="Somebody 2099", runs=3),
    ),
    claims="""
[[claims]]
id = "cs-is-best"
text = "CS is best."
task = "toy"
minority = [5]
metric = "acsa"
method = "CS"
kind = "best"
""",
)
'''


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a second paper on the shelf for the length of a test."""
    folder = tmp_path / "papers" / "somebody2099"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(SECOND)
    monkeypatch.setattr(bench.papers, "__path__", [*bench.papers.__path__, str(tmp_path / "papers")])
    shelf.papers.cache_clear()
    shelf.ablated.cache_clear()
    yield
    sys.modules.pop("bench.papers.somebody2099", None)
    shelf.papers.cache_clear()
    shelf.ablated.cache_clear()


@pytest.mark.usefixtures("second")
def test_a_second_paper_is_a_second_folder(tmp_path: Path) -> None:
    assert {"Sahoo et al. 2020, arXiv 2008.05524", "Somebody 2099"} < {paper.citation for paper in shelf.papers()}
    files = written(runs("toy", "OS", 5, [4, 4]), tmp_path / "report")
    assert {"somebody_01.md", "somebody_01.csv", "somebody_01_side_by_side.tex"} <= set(files)
    assert "toy.md" not in files, "its dataset is the paper's"
    beside = table_lines(files["somebody_01.md"], "Side by side")
    assert beside["OS"][1:] == ["**0.7000**", "\N{EN DASH}"] and beside["OS paper"][1] == "0.2500"
    assert beside["CS paper"][1] == "**0.7500**" and beside["OS ours - paper"][1] == "+0.4500"
    assert "Laid out as Table 1 of Somebody 2099." in files["somebody_01.md"]
    assert "Sahoo" not in files["somebody_01.md"]


@pytest.mark.usefixtures("second")
def test_a_papers_claims_are_held_against_its_own_numbers() -> None:
    claims = load_claims(papers=shelf.papers())
    claim, paper = claims["cs-is-best"]
    assert paper is not None and paper.citation == "Somebody 2099" and len(claims) > 20
    level = published(paper).level("toy", 5, "acsa", "CS")
    assert level is not None and level.value == 0.75
    assert published(claims["vanilla-misses-men"][1]).level("toy", 5, "acsa", "CS") is None
    assert claim.method == "CS" and method_key("CS") == ("CS",)


def test_what_no_paper_has_goes_by_its_own_name() -> None:
    assert shelf.shown("celeba") == "CelebA" and shelf.shown("mine") == "mine"
    assert shelf.paper_of("mine") is None and "mine" not in shelf.tasks()
