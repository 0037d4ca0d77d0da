"""The page of findings: whole where records are, one line where they are not, safe whatever names hold."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from evidences import METHODS, configured, found, stored
from small_stages import STAGES

from bench import registry
from bench.cli.options import settings_of
from bench.findings.claimed import claimed, claims_by_paper
from bench.findings.opening import BEGIN, END, opening
from bench.findings.page import MAKERS, text, write_page
from bench.findings.printed import printed, same_loss
from bench.findings.section import Grid, Link, Section
from bench.findings.starting import starting
from bench.findings.study import Evidence, evidence
from bench.store.remembering import RememberingStore
from bench.store.store import REFERENCE

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"[+-]?\d+\.\d+")
CLOSE = 0.003  # numbers of another machine: its last printed digit may be another one


@pytest.fixture(scope="module")
def committed() -> Evidence:
    """Read the records of results/reference as `make findings` does."""
    registry.load()
    file = ROOT / "bench.toml"
    configs = [settings_of(file, profile=name) for name in settings_of(file).profiles]
    return evidence(configs, [RememberingStore(ROOT / "results" / REFERENCE)], ROOT)


def assert_same(ours: str, theirs: str, name: str) -> None:
    """Two texts have the same words, and numbers that differ by no more than another machine makes."""
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs), f"{name}: `make findings` renews it"
    for line, other in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        pairs = zip(NUMBER.findall(line), NUMBER.findall(other), strict=True)
        assert [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > CLOSE] == [], f"{name}: {line}"


def test_the_committed_page_is_of_the_committed_records() -> None:
    count = sum(file.read_bytes().count(b"\n") for file in (ROOT / "results" / REFERENCE).glob("*.jsonl"))
    page = (ROOT / "docs/findings.md").read_text("utf8")
    assert f"What {count} records say together" in page, "`make findings` renews it"


@pytest.mark.long
def test_the_committed_page_and_readme_are_what_the_committed_records_make(committed: Evidence) -> None:
    page, pictures = "docs/findings.md", "docs/findings"
    sections = [make(committed) for make in MAKERS]
    assert_same((ROOT / page).read_text("utf8"), text(committed, sections, page, pictures), page)
    readme = (ROOT / "README.md").read_text("utf8")
    between = readme.partition(BEGIN)[2].partition(END)[0]
    assert_same(between.strip(), opening(committed, page, pictures), "README.md")
    drawn = {f"{picture.name}.png" for section in sections for picture in section.pictures}
    assert {path.name for path in (ROOT / pictures).iterdir()} == drawn


def test_every_page_that_the_opening_leads_to_is_there() -> None:
    readme = (ROOT / "README.md").read_text("utf8")
    between = readme.partition(BEGIN)[2].partition(END)[0]
    links = [unquote(it) for it in re.findall(r"\]\(([^)]+)\)", between)]
    assert "docs/findings.md" in links and all((ROOT / it).is_file() for it in links)


def rows_of(section: Section) -> list[tuple[str, ...]]:
    """Return all rows of a section, links by their text."""
    return [tuple(it.text if isinstance(it, Link) else it for it in row) for grid in section.grids for row in grid.rows]


def test_there_is_never_an_empty_table_and_what_lacks_is_named(tmp_path: Path) -> None:
    made_up = found(tmp_path)
    for make in MAKERS:
        section = make(made_up)
        assert section.words or section.grids or section.lacking, section.title
        assert all(grid.rows and len(row) == len(grid.header) for grid in section.grids for row in grid.rows)
        assert all(any(row) for row in rows_of(section))
    lacking = [line for make in MAKERS for line in make(made_up).lacking]
    assert "A method with a generator: not run yet." in lacking
    assert "digits: run under one profile only, so far." in lacking
    assert any("54 claims of Sahoo et al. 2020" in line and line.endswith("not run.") for line in lacking)
    assert any("not done again yet" in line for line in lacking)


def test_the_page_grows_when_records_come(tmp_path: Path) -> None:
    def written(evidence: Evidence) -> str:
        write_page(evidence, tmp_path, "docs/findings.md", "docs/findings")
        return (tmp_path / "docs" / "findings.md").read_text("utf8")

    first = written(found(tmp_path))
    assert (tmp_path / "docs" / "findings" / "thresholds.png").read_bytes().startswith(b"\x89PNG")
    assert "no dataset is run under two yet" in first and "digits 12:6, other" not in first
    more = written(found(tmp_path, ("tiny", "other")))
    assert "no dataset is run under two yet" not in more and "digits 12:6, other" in more
    assert len(more) > len(first)


def test_a_start_among_some_rows_names_the_others(tmp_path: Path) -> None:
    for folder in ("some", "all"):
        (tmp_path / folder).mkdir()
    some = found(tmp_path / "some", skills={"Vanilla": 1.0, "OS": 1.5})
    named = "Not run yet, so that what to start with is the best of the others: digits"
    assert "Rows that are not run yet, or not with all seeds: digits, tiny (2); all findings" in opening(
        some, "page.md", "pictures"
    )
    assert any(line.startswith(named) and line.endswith(": CS, US.") for line in starting(some).lacking)
    assert "not run yet" not in opening(found(tmp_path / "all"), "page.md", "pictures")


def test_every_claim_of_every_paper_is_told_once(tmp_path: Path) -> None:
    assert_every_claim_is_told_once(found(tmp_path))


@pytest.mark.long
def test_every_claim_is_told_once_of_the_committed_records_too(committed: Evidence) -> None:
    assert_every_claim_is_told_once(committed)


def assert_every_claim_is_told_once(evidence: Evidence) -> None:
    """Each claim has a row of its paper's table, or is counted among those that are not run."""
    papers = claims_by_paper(evidence)
    assert {len(claims) for name, claims in papers.items() if name.startswith("Sahoo")} == {54}
    section = claimed(evidence)
    for paper, claims in papers.items():
        (line,) = (it for it in section.words if it.startswith(paper))
        assert f"{len(claims)} claims" in line
        grids = [grid for grid in section.grids if grid.title == paper]
        told = sum(len(grid.rows) for grid in grids)
        unrun = [int(it.split()[0]) for it in section.lacking if paper in it]
        assert told + sum(unrun) == len(claims)


def test_the_papers_own_tables_refute_what_our_share_says_they_do(tmp_path: Path) -> None:
    widest = max(same_loss(), key=lambda it: it.gap)
    assert (widest.method, widest.place, widest.layout.metric) == (
        "CBL(beta=0.9)",
        ("horse2zebra", "450:25"),
        "f1_minority",
    )
    assert widest.gap == pytest.approx(0.7613 - 0.05), "as Table 3 prints them"
    assert widest.apart < 0.04
    assert {it.method.split("(")[0] for it in same_loss()} == {"CBL"}, "no other row leaves the loss as it is"
    balanced = next(row for row in rows_of(printed(found(tmp_path))) if row[0] == "CelebA 900:900")
    assert balanced[1:4] == ("F1 of the minority class", "12", "0.924 to 0.940")


def test_names_cannot_break_out_of_the_page(known_names: Evidence) -> None:
    page = text(
        known_names,
        [Section("<b>|x", ("a <script>",), (Grid(("h|",), ((Link("<i>", "a b.md"),),), "<u>", folded=True),))],
        "docs/f.md",
        "docs/f",
    )
    assert "<script>" not in page and "<b>" not in page and "<u>" not in page and "<i>" not in page
    assert "(../a%20b.md)" in page and "h\\|" in page


@pytest.fixture
def known_names(tmp_path: Path) -> Evidence:
    """Any evidence."""
    return found(tmp_path)


def test_the_command_writes_the_page_its_charts_and_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    config = configured(tmp_path)
    stored(config)
    readme = tmp_path / "README.md"
    readme.write_text(f"# Mine\n\n{BEGIN}\n{END}\n")
    arguments = ("findings", "--config", "bench.toml", "--results", "results", "--out", "pages/all.md")
    done = imbench(*arguments, "--readme", "README.md", "--json")
    assert done.status == 0 and "pages/all.md" in done.out, done
    assert (tmp_path / "pages" / "all.md").read_text("utf8").startswith("# Findings\n")
    assert all((tmp_path / "pages" / "all" / f"{it}.png").is_file() for it in ("overview", "thresholds"))
    assert "than plain training on test images in equal shares" in readme.read_text("utf8")
    readme.write_text("# Mine\n")
    refused(imbench(*arguments, "--readme", "README.md"), "README.md: it lacks the marks")
    refused(imbench("findings", "--config", "bench.toml"), "no record of profile", "`imbench run` makes some")
    assert set(METHODS) == set(config.run.methods)


def test_real_fits_with_a_translator_and_controls_fill_their_sections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(
        tmp_path, STAGES.format(more=""), methods=["Vanilla", "OS", "AUG"], seeds=3, translators=1, controls=["Vanilla"]
    )
    assert imbench("run", "--config", path, "--controls").status == 0
    assert imbench("findings", "--config", path, "--results", tmp_path / "results", "--out", "all.md").status == 0
    page = (tmp_path / "all.md").read_text("utf8")
    computing = page.partition("## Does it help more than the same computation")[2].partition("\n## ")[0]
    assert "Of 1 comparison at the smallest count" in computing and "| AUG" in computing
    generation = page.partition("## Where generation helps")[2].partition("\n## ")[0]
    assert "in 1 comparison" in generation and "](all/generation.png)" in generation
