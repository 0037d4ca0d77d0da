"""A long run shows a first table of its quick rows before it trains the costly ones, and ends as it would without."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_stages import STAGES

from bench.store.store import Store


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, STAGES.format(more=""), methods=["Vanilla", "TS", "AUG"], minority=[4], seeds=3, translators=1)


def ids(folder: Path) -> set[str]:
    return set(Store(folder).summaries())


def test_the_quick_rows_come_first_and_their_table_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[set[str]] = []
    from bench.running import run as running

    real = running.run_schedule

    def watched(nodes: object, *rest: object, **more: object) -> object:
        listed = list(nodes)  # type: ignore[call-overload]
        kinds.append({node.label.split()[2] for node in listed})
        return real(listed, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "run_schedule", watched)
    said = imbench("run", "--first-look", "--results", "results", "--out", "pages")
    assert said.status == 0 and "a first table is in" in said.err
    assert kinds[0] == {"Vanilla"} and "CycleGAN" in kinds[1]
    page = (tmp_path / "pages" / "tiny" / "first_look.md").read_text()
    assert "2 seeds" in page and "| TS " in page and "AUG" not in page

    assert imbench("run", "--results", "other").status == 0
    assert ids(tmp_path / "results") == ids(tmp_path / "other")
    again = imbench("run", "--first-look", "--results", "results")
    assert again.status == 0 and "first table" not in again.err, "nothing is left to look at"


def test_a_run_of_quick_rows_alone_needs_no_first_look(tmp_path: Path) -> None:
    said = imbench("run", "--first-look", "--method", "Vanilla", "--seeds", "2")
    assert said.status == 0 and "first table" not in said.err
    assert not (tmp_path / "reports").exists()
