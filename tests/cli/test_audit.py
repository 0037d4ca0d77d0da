"""A second opinion: fits drawn by lot are done again beside the records, and the page says how far they moved."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells
from small_records import files_under
from small_stages import STAGES

from bench.analysis.second import Opinion, deviation
from bench.analysis.spots import Spot
from bench.errors import UserError
from bench.findings.again import processors
from bench.plan.second import SECOND, beside, drawn, first_of, read_share
from bench.record import Predictions, digest
from bench.report.second import said
from bench.running import environment
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")

IDS = [digest({"number": number}) for number in range(1000)]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return bench_toml(tmp_path, methods=["Vanilla", "TS", "CS", "OS"], seeds=3)


def listed(folder: Path) -> list[dict[str, object]]:
    """Return the second opinions that a written report lists."""
    report = json.loads((folder / "reports" / "tiny" / "report.json").read_text())
    return [it for it in report["listings"] if it["name"].endswith("-second")]


def test_the_lot_falls_alike_everywhere_and_a_larger_share_holds_a_smaller_one() -> None:
    two = drawn(IDS, Fraction(2, 100))
    assert len(two) == 20 and two == drawn(list(reversed(IDS)), Fraction(2, 100))
    assert two == drawn(IDS, Fraction(1, 4))[:20]
    fewer = drawn(IDS[:500], Fraction(1))
    assert [id for id in drawn(IDS, Fraction(1)) if id in set(fewer)] == fewer, "later records change no lot"
    assert len(drawn(IDS[:3], Fraction(1, 100))) == 1 and drawn([], Fraction(1, 100)) == []


def test_the_lot_has_nothing_to_do_with_the_order_of_ids() -> None:
    hits = np.mean([IDS.index(id) for id in drawn(IDS, Fraction(1, 2))])
    assert abs(hits - 499.5) < 4 * 1000 / np.sqrt(12 * 500)


def test_a_dataset_that_was_asked_for_and_has_nothing_to_draw_is_named(path: Path) -> None:
    assert imbench("run").status == 0
    said = imbench("audit", "--rerun", "10%", "--dataset", "stripes", "--dataset", "digits", "--dry-run")
    assert said.status == 0 and "nothing drawn of digits: no cell of profile tiny is done" in said.err


@pytest.mark.parametrize(("text", "share"), [("2%", Fraction(1, 50)), ("0.5 %", Fraction(1, 200)), ("1", Fraction(1))])
def test_a_share_is_read(text: str, share: Fraction) -> None:
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["", "0", "two", "101%", "-1%", "1/0", "nan", "1e-999999999%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="give a share above 0 %"):
        read_share(text)


def test_fits_are_done_again_beside_the_records_and_give_the_same_bits(path: Path) -> None:
    assert imbench("run", "--config", path).status == 0
    results = path.parent / "results"
    before = {name: text for name, text in files_under(results).items() if SECOND not in name}
    done = imbench("audit", "--config", path, "--rerun", "50%")
    assert done.status == 0 and "5 fits drawn by lot" in done.err, done
    after = {name: text for name, text in files_under(results).items() if f"/{SECOND}/" not in name}
    assert after == before, "nothing is written among the records that are checked"
    again = [*beside(Store(results)).records()]
    fits = {record.id: record for record in Store(results).records()}
    assert len(again) == 5 and {record.kind for record in again} == {"twin"}
    for record in again:
        first = fits[str(first_of(record.identity))]
        assert first.kind == "fit" and (first.test, first.selected_epoch) == (record.test, record.selected_epoch)
    assert "nothing left" in imbench("audit", "--config", path, "--rerun", "50%").err
    imbench("report", "--config", path)
    (listing,) = listed(path.parent)
    assert len(listing["rows"]) == 5 and "5 fits done again, to the same bit" in listing["caption"]  # type: ignore[arg-type]
    assert len(reported_cells(path.parent)) == 12, "no table has a second opinion"
    assert imbench("verify", path.parent / "reports" / "tiny", "--config", path).status == 0


def test_what_moved_is_told_beside_what_seeds_do(path: Path) -> None:
    assert imbench("run", "--config", path).status == 0
    assert imbench("audit", "--config", path, "--rerun", "1%").status == 0
    store = Store(path.parent / "results" / SECOND)
    (again,) = store.records()
    assert again.test
    wrong = Predictions.of(again.test.labels, again.test.probabilities.array()[:, ::-1])
    elsewhere = again.environment | {"device_name": "Elsewhere 3000"}
    store.save(again.model_copy(update={"test": wrong, "environment": elsewhere}))
    imbench("report", "--config", path)
    (listing,) = listed(path.parent)
    assert [row[-1] for row in listing["rows"]] == ["Elsewhere 3000"]  # type: ignore[index, attr-defined]
    assert "1 fit done again, 0 of them to the same bit: they differ from the first by" in listing["caption"]  # type: ignore[operator]


def test_stages_that_a_drawn_fit_rests_on_are_made_again_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, STAGES.format(more=""), methods=["AUG"], translators=1)
    assert imbench("run", "--config", path).status == 0
    assert imbench("audit", "--config", path, "--rerun", "100%").status == 0
    again = [*Store(tmp_path / "results" / SECOND).records()]
    (fit,) = (record for record in again if record.kind == "twin")
    assert {record.kind for record in again} == {"stage", "twin"}, "no measurement"
    assert set(fit.identity["stages"]) <= {record.id for record in again}


def test_packed_opinions_are_found_below_packed_records(path: Path) -> None:
    assert imbench("run", "--config", path).status == 0
    results, published = path.parent / "results", path.parent / "published"
    assert imbench("pack", published / "stripes.jsonl", "--dataset", "stripes", "--config", path).status == 0
    packed = imbench("audit", "--config", path, "--rerun", "10%", "--results", published, "--pack", published / SECOND)
    assert packed.status == 0 and (published / SECOND / "stripes-tiny.jsonl").is_file(), packed
    assert not (results / SECOND).exists()
    for loose in ("records", "claims", "index"):
        assert not (published / loose).exists(), "the store that is checked stays as it was"
    imbench("report", "--config", path, "--results", published)
    assert len(listed(path.parent)) == 1


def test_opinions_of_another_processor_are_packed_beside_those_that_are_published(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert imbench("run", "--config", path).status == 0
    published = path.parent / "published"
    command = ("audit", "--config", path, "--rerun", "10%", "--pack", published)
    assert imbench(*command).status == 0
    monkeypatch.setattr(environment, "told_apart", lambda: "Elsewhere 3000")
    shutil.rmtree(path.parent / "results" / SECOND)
    said = imbench(*command)
    assert said.status == 0 and "2 records written" in said.err
    assert {record.environment["device_name"] for record in Store(published).records()} >= {"Elsewhere 3000"}
    assert len([*Store(published).records()]) == 2


def test_an_audit_of_nothing_and_a_share_of_nothing_are_refused(path: Path) -> None:
    refused(imbench("audit", "--config", path, "--rerun", "2%"), "no cell of profile tiny is done by today's code")
    refused(imbench("audit", "--config", path, "--rerun", "0%"), "--rerun 0%: give a share above 0 %")


def opinion(first: float, again: float, seeds: tuple[float, ...]) -> Opinion:
    """Return one of another processor."""
    moved = abs(again - first)
    spot = Spot("CS", "toy", "9:3")
    return Opinion(spot, 0, "acsa", first, again, moved, np.array(seeds), ("Here", "There"), ("a", "b"))


def test_deviations_are_root_mean_squares_and_two_seeds_differ_by_root_two_standard_deviations() -> None:
    found = deviation([opinion(0.50, 0.53, (0.4, 0.6)), opinion(0.50, 0.46, (0.4, 0.6))])
    assert found.count == 2 and found.equal == 0
    assert found.again == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 2)) and found.largest == pytest.approx(0.04)
    assert found.seeds == pytest.approx(0.2), "as far apart as they are"
    assert found.shift == pytest.approx(-0.005) and found.margin == pytest.approx(12.7062 * 0.035, rel=1e-4)


def test_one_opinion_has_no_interval_and_none_has_no_words() -> None:
    assert said([]) == ""
    alone = said([opinion(0.5, 0.6, (0.5,))])
    assert alone == (
        "1 fit done again, 0 of them to the same bit: they differ from the first by 0.1000 (root mean square), "
        "at most 0.1000."
    )


def test_machines_of_one_name_are_told_apart_only_where_both_tell() -> None:
    equal = opinion(0.5, 0.5, (0.5,))
    assert processors("A", "A") == "A, both times: nothing is said of another"
    assert processors("A", "B (AVX2)") == "A, then B (AVX2)"
    assert processors("A", "A (AVX2)") == "A, its instructions not told, then A (AVX2)"
    assert said([equal, equal]).startswith("1 fit done again, 2 times in all, to the same bit")
