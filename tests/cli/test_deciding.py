"""`run --decide` adds seeds where they may decide, goes on from what is there, and leaves the tables as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells

from bench.statistics import racing
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    written = bench_toml(tmp_path, datasets=["digits"], methods=["Vanilla", "TS", "CS"], seeds=2)
    longer = written.read_text().replace("epochs = 1\n", "epochs = 6\n").replace("per_class = 4\n", "per_class = 30\n")
    written.write_text(longer)  # long enough that seeds differ


def seeds(folder: Path) -> set[int]:
    """Return the seeds that have a record."""
    return {record.identity["streams"]["order"] for record in Store(folder / "results", read_only=True).records()}


def test_seeds_are_added_up_to_the_most_and_no_table_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "WORTH", 0.0)  # any seed may decide
    first = imbench("run", "--decide", "--delta", 0, "--max-seeds", 4)
    assert first.status == 0 and seeds(tmp_path) == {0, 1, 2, 3}
    assert "digits 12:6: not decided; 3 more seeds for" in first.err
    said = " ".join(first.out.split())
    assert "The race: the seeds that are still allowed (--max-seeds) would take too little of the doubt away" in said
    assert "4 seeds a method" in said and "one draw of the training images" in said, "and what it is conditional on"
    assert imbench("report", "--json").status == 0
    assert {int(row["seed"]) for row in reported_cells(tmp_path)} == {0, 1}

    again = imbench("run", "--decide", "--delta", 0, "--max-seeds", 4)
    assert again.out == first.out and "not decided" not in again.err, "there is nothing to add"
    more = imbench("run", "--decide", "--delta", 0, "--max-seeds", 5)
    assert more.status == 0 and seeds(tmp_path) == {0, 1, 2, 3, 4}, "it goes on from what is there"


def test_what_is_decided_costs_no_further_seed(tmp_path: Path) -> None:
    said = imbench("run", "--decide", "--delta", 1)
    assert said.status == 0 and seeds(tmp_path) == {0, 1}
    assert "The race: decided; 2 to 2 seeds a method" in " ".join(said.out.split())


def test_a_race_that_cannot_be_decided_is_refused_before_any_fit(tmp_path: Path) -> None:
    refused(imbench("run", "--decide", "--seeds", 2, "--max-seeds", 2, "--metric", "asca"), "asca", "acsa")
    bench_toml(Path(), datasets=["digits"], methods=["Vanilla", "CS"], seeds=3)
    refused(imbench("run", "--decide", "--max-seeds", 2), "--max-seeds 2", "3 seeds")
    assert not list((tmp_path / "results").rglob("records/*/*.json"))
    more = ["Vanilla", *(f"CBL(beta=0.9{n}5)" for n in range(10))]
    bench_toml(Path(), datasets=["digits"], methods=more, seeds=3)
    refused(imbench("run", "--decide", "--max-seeds", 10_000), "110,000 cells and more are asked for")
    assert not list((tmp_path / "results").rglob("records/*/*.json"))


@pytest.mark.parametrize(
    "asked",
    [
        ("--method", "OS"),
        ("--method", "OS", "--method", "SMOTE", "--minority", 3),
        ("--seeds", 1),
        ("--method", "OS", "--dry-run"),
    ],
    ids=["one method", "one that applies", "one seed", "a dry run"],
)
def test_a_race_without_rivals_or_a_second_seed_is_refused_before_any_fit(
    asked: tuple[object, ...], tmp_path: Path
) -> None:
    refused(imbench("run", "--decide", *asked), "digits: --decide takes two methods at a place and two seeds")
    assert not list((tmp_path / "results").rglob("records/*/*.json"))


def test_runs_that_are_there_are_rivals_and_seeds_enough(tmp_path: Path) -> None:
    assert imbench("run", "--method", "Vanilla").status == 0
    for asked in (("--method", "CS"), ("--method", "CS", "--seeds", 1)):
        said = imbench("run", "--decide", "--delta", 1, *asked)
        assert said.status == 0 and "The race: decided" in " ".join(said.out.split()), said


def test_a_place_where_one_method_has_runs_is_said_to_have_no_race(tmp_path: Path) -> None:
    assert imbench("run", "--method", "CS", "--minority", 4).status == 0
    said = imbench("run", "--decide", "--delta", 1)
    assert said.status == 0 and "digits 12:6" in said.out and "12:4" not in said.out
    assert "digits 12:4: there is nothing to choose between: CS alone has runs" in said.err


def test_a_decision_on_further_seeds_of_code_that_has_changed_says_so(tmp_path: Path) -> None:
    assert imbench("run", "--seeds", 3).status == 0
    store = Store(tmp_path / "results")
    further = [record for record in store.records() if record.identity["streams"]["order"] == 2]
    for record in further:
        store.save(record.model_copy(update={"code": {"bench.training.fit": "0" * 12}}))
    said = imbench("run", "--decide", "--delta", 1)
    assert said.status == 0
    assert f"digits: {len(further)} of its 6 runs were made by code that has changed since" in said.err
    assert "`imbench run --seeds 3 --redo-stale` does them again" in said.err
    assert imbench("run", "--seeds", 3, "--redo-stale").status == 0
    assert "changed since" not in imbench("run", "--decide", "--delta", 1).err
