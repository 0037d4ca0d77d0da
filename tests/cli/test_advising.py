"""`imbench recommend` answers in three sentences, with numbers for programs, and refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image
from small_trials import METHODS, origin

from bench.networks.paper_cnn import PaperCnn
from bench.registry import DATASETS
from bench.store.store import Store

CLEAR = {"Vanilla": 0.6, "CS": 0.7, "OS": 1.6}


@pytest.fixture(autouse=True)
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with records of a dataset in which OS is clearly the best."""
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    store = Store(tmp_path / "results")
    store.prepare()
    for record in origin(tmp_path, CLEAR).records.values():
        store.save(record)
    bench_toml(tmp_path, datasets=["digits"], methods=list(METHODS), minority=[6, 10], seeds=5)
    return tmp_path


def test_it_says_what_to_take_what_not_and_what_that_is_worth() -> None:
    said = imbench("recommend", "digits", "--at", "6")
    assert said.status == 0
    text = " ".join(said.out.split())
    assert "digits, 12:6 (6 eight): take OS: expected regret 0.0" in text
    assert "Do not take" in text and "Vanilla" in text and "95 % sure that each loses at least" in text
    assert "Over Vanilla that gains +" in text and "ROC-AUC" in text and "ACSA" in text
    assert "always eight" in text and "0.667" in text, "a scale to read figures by"
    assert "one draw of the training images" in text, "what it is conditional on"
    assert "12:10" not in text and all(len(line) <= 80 for line in said.out.splitlines())


def test_programs_get_every_number_of_every_place() -> None:
    found = json.loads(imbench("recommend", "--json").out)
    assert [(it["dataset"], it["place"], it["outcome"], it["choice"]) for it in found] == [
        ("digits", "12:6", "take", "OS"),
        ("digits", "12:10", "take", "OS"),
    ]
    first = found[0]
    assert {it["method"] for it in first["methods"]} == set(METHODS) and first["metric"] == "f1_minority"
    assert sum(it["p_best"] for it in first["methods"]) == pytest.approx(1)
    low, high = first["methods"][0]["believed"]["acsa"][1:]
    assert low < first["methods"][0]["believed"]["acsa"][0] < high


def test_without_a_dataset_sentences_stand_alone_and_what_a_body_has_seen_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DATASETS["digits"].cls, "seen_by", ("a collection",))
    monkeypatch.setattr(PaperCnn, "trained_on", "a collection")
    every, one = imbench("recommend").out, imbench("recommend", "digits").out
    assert every.count("take OS") == one.count("take OS") == 2
    assert "regret: what taking" in " ".join(one.split()) and "regret: what taking" not in " ".join(every.split())
    assert "`imbench recommend digits` has the numbers" in every and "has the numbers" not in one
    assert all("holds photographs of digits with their labels" in " ".join(said.split()) for said in (every, one))


@pytest.fixture
def alone_at_10(stored: Path) -> Path:
    """Leave OS alone with runs at the place 12:10."""
    store = Store(stored / "results")
    for record in [*store.records()]:
        if record.identity["counts"] == [12, 10] and record.identity["method"] != [["OS", {}]]:
            (stored / "results" / "records" / record.id[:2] / f"{record.id}.json").unlink()
    return stored


def test_where_one_method_has_runs_none_is_taken_and_it_is_said_what_to_run(alone_at_10: Path) -> None:
    said = imbench("recommend", "digits")
    assert said.status == 0 and "12:6" in said.out and "12:10" not in said.out
    why = "digits 12:10: there is nothing to choose between: OS alone has runs; `imbench run --dataset digits --at 12"
    assert why in said.err and why in imbench("recommend").err
    assert [it["place"] for it in json.loads(imbench("recommend", "--json").out)] == ["12:6"]
    for at in ("10", "12:10"):
        refused(imbench("recommend", "digits", "--at", at), why)
    assert imbench("report").status == 0
    page = json.loads((alone_at_10 / "reports" / "tiny" / "report.json").read_text(encoding="utf8"))
    assert any(f"no recommendation: {why}" in note for note in page["notes"])
    assert len(page["answers"][0]["facts"]) == 1


def test_the_chart_of_a_dataset_is_a_picture_of_the_places_that_were_asked_for(stored: Path) -> None:
    said = imbench("recommend", "digits", "--at", "6", "--chart", "one.png")
    assert said.status == 0 and "chart written to one.png" in said.err and "take OS" in said.out
    imbench("recommend", "digits", "--chart", "both.png")
    one, both = (Image.open(stored / f"{name}.png") for name in ("one", "both"))
    assert one.format == "PNG" and one.size == both.size and one.tobytes() != both.tobytes(), "a panel more in the row"


def test_runs_of_code_that_has_changed_since_are_counted() -> None:
    assert "digits: 30 of its 30 runs were made by code that has changed since" in " ".join(
        imbench("recommend").err.split()
    )


def test_metric_and_delta_are_the_users() -> None:
    (first, _) = json.loads(imbench("recommend", "digits", "--metric", "acsa", "--delta", "0.5", "--json").out)
    assert first["metric"] == "acsa" and first["delta"] == 0.5 and first["outcome"] == "equivalent"
    assert len(first["among"]) == len(METHODS), "nobody cares about less than a half"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("digitz",), "did you mean 'digits'"),
        (("digits", "--at", "7"), "no run at '7'; there are runs at 12:6, 12:10"),
        (("digits", "--metric", "accc"), "unknown metric 'accc'"),
        (("stripes",), "no record of profile tiny"),
        (("--chart", "it.png"), "a chart is of one dataset: name it"),
        (("digits", "--chart", "it.svg"), "it.svg: a chart is a PNG file, and ends in .png"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: tuple[str, ...], part: str) -> None:
    refused(imbench("recommend", *arguments), part)
