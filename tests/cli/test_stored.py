"""What is stored and how commands meet it: damaged, of other code, not to be shown, not to be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells

from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.record import digest
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def test_a_damaged_record_is_set_aside_named_and_done_again(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    imbench("run")
    record = next((tmp_path / "results" / "records").rglob("*.json"))
    record.write_text(record.read_text().replace('"selected_epoch": 1', '"selected_epoch": 2'))
    half = next(path for path in (tmp_path / "results" / "records").rglob("*.json") if path != record)
    half.write_bytes(half.read_bytes()[:300])
    shown = imbench("status")
    assert shown.status == 0 and "2 fits to do" in shown.out
    assert {record.name, half.name} == {
        Path(line.split(": ")[1]).name for line in shown.err.splitlines() if line.startswith("set aside, not counted: ")
    }
    assert len(list((tmp_path / "results" / "aside").iterdir())) == 2
    again = imbench("run")
    assert again.status == 0 and "2 fits done now, 0 before" in again.err


def test_a_file_where_a_folder_of_records_has_to_be_is_named_and_the_work_is_kept(tmp_path: Path) -> None:
    path = bench_toml(tmp_path, methods=["CS"])
    (job,) = build_grid(load_config(path)).jobs
    (odd := tmp_path / "results" / "records" / job.id[:2]).parent.mkdir(parents=True)
    odd.touch()
    said = imbench("run")
    assert said.status == 0 and "1 fit done now" in said.err
    assert said.err.count(f"set aside, not counted: {odd}: no folder, where one has to be; renamed") == 1
    assert (odd / f"{job.id}.json").is_file()


def test_a_record_of_other_code_is_stale_until_it_is_redone(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["CS"])
    imbench("run")
    store = Store(tmp_path / "results")
    (record,) = store.records()
    store.save(record.model_copy(update={"code": record.code | {"bench.training.trainer": "another"}}))
    assert json.loads(imbench("status", "--json").out)[0]["stale"] == 1
    kept = imbench("run")
    assert kept.status == 1 and "1 stale (--redo-stale does them again)" in kept.err
    assert (
        f"bench.training.trainer: {record.code['bench.training.trainer']} here, another there"
        in imbench("why", "stripes/6/CS/0").out
    )
    assert "1 fit done now" in imbench("run", "--redo-stale").err
    assert json.loads(imbench("status", "--json").out)[0]["done"] == 1


def test_a_results_folder_that_cannot_be_written_is_named_before_any_work(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    line = refused(imbench("run", "--results", "file/results"), "cannot")
    assert "file/results" in line
    assert not (tmp_path / "cache").exists()


def test_report_without_records_says_how_to_get_some(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    refused(imbench("report"), "no record of profile tiny", "imbench run")


def test_a_report_shows_what_was_run_by_the_names_it_was_run_under(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["TS", "Vanilla", "OS", "SMOTE(k_neighbors=5)"])
    imbench("run")
    bench_toml(tmp_path, methods=["CS"], minority=[5])
    assert imbench("report").status == 0
    rows = {(row["method"], row["minority_count"]) for row in reported_cells(tmp_path) if row["status"] == "done"}
    assert rows == {("Vanilla", "6"), ("OS", "6"), ("SMOTE", "6")}


def test_records_that_cannot_be_shown_are_named_and_the_others_are_shown(tmp_path: Path) -> None:
    bench_toml(tmp_path, datasets=["digits", "stripes"], methods=["CS"])
    imbench("run")
    store = Store(tmp_path / "results")
    record = next(it for it in store.records() if it.identity["dataset"] == "digits")
    identity = record.identity | {"counts": [9000, 8000]}
    store.save(record.model_copy(update={"identity": identity, "id": digest(identity)}))
    line = "digits: count 9000 is not possible, it can be 1 to 100; records of 9000:8000 are left out"
    assert imbench("report").status == 0
    assert {(row["task"], row["status"]) for row in reported_cells(tmp_path)} == {
        ("digits", "done"),
        ("stripes", "done"),
    }
    assert line in (tmp_path / "reports" / "tiny" / "index.html").read_text()
    next((tmp_path / "results").rglob(f"{record.id}*")).unlink()
    assert imbench("report").status == 0
    assert {row["task"] for row in reported_cells(tmp_path)} == {"stripes"}
    assert f"digits: its records cannot be shown: {line}" in (tmp_path / "reports/tiny/index.html").read_text()


@pytest.mark.parametrize(
    ("run", "more"),
    [
        ({"minority": [50]}, ""),
        ({"minority": [50, 6]}, ""),
        ({"minority": [], "at": ["9000:5"]}, ""),
        ({"minority": []}, "[datasets.stripes]\nminority = [50]\n"),
    ],
)
def test_a_place_that_cannot_be_cut_hides_nothing_that_was_run(
    tmp_path: Path, run: dict[str, object], more: str
) -> None:
    bench_toml(tmp_path, methods=["Vanilla", "CS"], seeds=2)
    assert imbench("run").status == 0
    bench_toml(tmp_path, more, methods=["Vanilla", "CS"], seeds=2, **run)
    for command in (("recommend", "stripes"), ("claims",), ("pack", "mine.jsonl", "--dataset", "stripes")):
        said = imbench(*command)
        assert said.status == 0 and "is not possible" in said.err, (command, said.err)
    assert len((tmp_path / "mine.jsonl").read_text().splitlines()) == 4
    assert imbench("report").status == 0
    done = {(row["method"], row["minority_count"], row["status"]) for row in reported_cells(tmp_path)}
    assert done == {("Vanilla", "6", "done"), ("CS", "6", "done")}
    assert "this place is left out" in (tmp_path / "reports" / "tiny" / "index.html").read_text()
    assert imbench("verify", "reports/tiny").status == 0


def test_a_place_that_cannot_be_cut_is_refused_where_nothing_was_run_elsewhere(tmp_path: Path) -> None:
    bench_toml(tmp_path, minority=[50])
    refused(imbench("report", "--dataset", "stripes"), "stripes: minority count 50 is not possible, it can be 1 to 12")


def test_damaged_records_are_named_by_every_command_that_reads_them(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["CS"], seeds=2)
    imbench("run")
    (tmp_path / "results" / "more.jsonl").write_text("no record\n")
    for command in (("report",), ("claims",), ("why", "stripes/6/CS/0")):
        assert "set aside, not counted" in imbench(*command).err, command
    assert "set aside, not counted" in imbench("merge", "results", "--results", "others").err


def test_pack_leaves_a_file_alone_when_there_is_nothing_to_write(tmp_path: Path) -> None:
    bench_toml(tmp_path)
    (tmp_path / "mine.jsonl").write_text("what others made\n")
    refused(imbench("pack", "mine.jsonl", "--dataset", "stripes"), "no record of stripes", "left as it is")
    assert (tmp_path / "mine.jsonl").read_text() == "what others made\n"


@pytest.mark.parametrize("content", [None, "what others made\n", "{}\n", "\0\0"])
def test_pack_writes_over_nothing_but_packed_records(tmp_path: Path, content: str | None) -> None:
    bench_toml(tmp_path, methods=["CS"])
    imbench("run")
    mine = tmp_path / ("mine.jsonl" if content else "bench.toml")
    if content:
        mine.write_text(content)
    before = mine.read_bytes()
    refused(imbench("pack", mine.name, "--dataset", "stripes"), mine.name, "something else than records", "left as it")
    assert mine.read_bytes() == before
    for _ in range(2):
        assert imbench("pack", "new.jsonl", "--dataset", "stripes").status == 0


def test_claims_of_one_dataset(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["CS"])
    imbench("run")
    found = imbench("claims", "--dataset", "stripes", "--json")
    assert json.loads(found.out) == [] and "no claim speaks of stripes" in found.err
