"""A run under a profile that cuts a dataset decodes the images that its jobs read, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench


def decoded(folder: Path) -> dict[str, int]:
    """Return how many images each part's files of decoded images hold."""
    files = sorted((folder / "cache").glob("stripes-*.npy"))
    return {path.name.split("-")[1]: len(np.load(path, mmap_mode="r")) for path in files}


def test_only_the_leading_images_of_each_class_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"], minority=[6, 9])
    assert imbench("run").status == 0
    assert decoded(tmp_path) == {"train": 12 + 9, "val": 8, "test": 8}


def test_the_fits_are_those_of_a_run_that_decodes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["OS"])
    assert imbench("run").status == 0
    monkeypatch.setattr("bench.running.run.leading_split", lambda split, jobs, profile: split)
    assert imbench("run", "--results", "whole").status == 0
    assert decoded(tmp_path)["train"] == 400
    said = imbench("merge", "whole", "--json")
    assert '"same": 1' in said.out and '"collisions": 0' in said.out, said


def test_where_another_subset_is_drawn_everything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"])
    assert imbench("noise", "--method", "Vanilla", "--times", 2).status == 0
    assert decoded(tmp_path)["train"] == 400
