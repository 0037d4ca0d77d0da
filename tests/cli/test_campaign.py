"""A campaign does its runs in order, goes on where it was stopped, and publishes what is done even then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused

from bench.store.store import Store

TWO_RUNS = """
core_hours = 1e-9

[[run]]
name = "plain"
datasets = ["stripes"]
profile = "tiny"
noise = ["Vanilla"]
noise_times = 2

[[run]]
name = "weights"
datasets = ["digits"]
profile = "tiny"
methods = ["CS"]
audit = true
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path)
    (tmp_path / "campaign.toml").write_text(TWO_RUNS)


def test_what_is_left_is_told_in_core_hours_before_and_after(tmp_path: Path) -> None:
    told = imbench("campaign", "campaign.toml", "--dry-run", "--json")
    rows = {row["run"]: row for row in json.loads(told.out)}
    assert rows["weights"]["to do"] == 2 and rows["all"]["to do"] == rows["plain"]["to do"] + 2 > 7
    assert "more than the 1e-09 that the campaign may take" in told.err
    assert not (tmp_path / "results").exists(), "a dry run writes nothing"

    assert imbench("campaign", "campaign.toml", "--pack", "published").status == 0
    left = json.loads(imbench("campaign", "campaign.toml", "--dry-run", "--json").out)
    assert left[-1]["to do"] == 0 and left[-1]["core-hours"] == 0
    published = {path.name: len(path.read_text().splitlines()) for path in (tmp_path / "published").iterdir()}
    assert published == {"stripes-tiny.jsonl": rows["plain"]["jobs"], "digits-tiny.jsonl": 2}


def test_what_was_done_is_published_when_somebody_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.running import run as running

    real, begun = running.run_schedule, []

    def interrupted_at_its_end(*rest: object, **more: object) -> object:
        begun.append(real(*rest, **more))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_schedule", interrupted_at_its_end)
    said = imbench("campaign", "campaign.toml", "--pack", "published")
    assert said.status == 130 and "the same command goes on from there" in said.err
    assert len(begun) == 1, "the second run does not begin"
    assert Store(tmp_path / "published", read_only=True).summaries(), "readable records"


def test_one_run_can_be_done_alone(tmp_path: Path) -> None:
    assert imbench("campaign", "campaign.toml", "--only", "weights").status == 0
    assert {it.dataset for it in Store(tmp_path / "results").summaries().values()} == {"digits"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[run]]\nname = 'a'\ndatasets = ['stripes']\nprofile = 'tiny'\nmehtods = []", "'mehtods'"),
        ("core_hours = 3", "run"),
        ("[[run]", "campaign.toml"),
        ("run = 3", "run"),
        (2 * "[[run]]\nname = 'a'\ndatasets = ['stripes']\nprofile = 'tiny'\n", "two runs are called 'a'"),
    ],
)
def test_a_file_that_cannot_be_meant_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "campaign.toml").write_text(text)
    refused(imbench("campaign", "campaign.toml", "--dry-run"), said, "campaign.toml")


def test_a_misspelt_run_is_told_what_there_is() -> None:
    refused(imbench("campaign", "campaign.toml", "--only", "plian"), "did you mean 'plain'")
