"""A configuration, a method, a dataset: each begins with one command, and what it writes works."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench.plan.config import load_config


def test_a_written_configuration_is_the_one_that_serves_without_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    without = load_config()
    assert imbench("init").status == 0
    assert load_config(tmp_path / "bench.toml") == without
    refused(imbench("init"), "bench.toml: is there already")


def test_from_any_folder_the_settings_that_come_with_the_suite_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    assert "CBL" in imbench("list", "methods").out
    refused(imbench("list", "methods", "--config", "gone.toml"), "gone.toml: no such file")


def test_a_new_method_runs_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    said = imbench("new", "method", "RootCS")
    assert said.status == 0 and "plugins" in said.err
    toml = bench_toml(tmp_path, plugins=[tmp_path / "rootcs.py"], methods=["RootCS(power=0.25)"])
    assert imbench("run", "--config", toml).status == 0
    refused(imbench("new", "method", "RootCS"), "rootcs.py: is there already")
    refused(imbench("new", "method", "Root CS"), "'Root CS' cannot be a name")
    refused(imbench("new", "method", "None"), "'None' is a word of Python")
    refused(imbench("new", "method", "CS"), "there is a method 'CS' already")
    refused(imbench("new", "dataset", "digits"), "there is a dataset 'digits' already")


def test_a_new_dataset_runs_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    assert imbench("new", "dataset", "shells", "--out", tmp_path / "mine.py").status == 0
    rng = np.random.default_rng(0)
    for label, count in (("common", 150), ("rare", 100)):
        folder = tmp_path / "data" / "shells" / label
        folder.mkdir(parents=True)
        for i in range(count):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{i:03d}.jpg")
    toml = bench_toml(tmp_path, plugins=[tmp_path / "mine.py"], datasets=["shells"], methods=["Vanilla"], minority=[6])
    said = imbench("run", "--config", toml)
    assert said.status == 0 and "1 fit done now" in said.err, said.err


def test_a_new_dataset_whose_folder_is_not_there_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    assert imbench("new", "dataset", "Shapes").status == 0
    bench_toml(tmp_path, plugins=[tmp_path / "shapes.py"], datasets=["Shapes"])
    for command in (("data", "check"), ("data", "show"), ("data", "prepare"), ("fit",)):
        refused(imbench(*command, "Shapes"), f"{tmp_path / 'data' / 'Shapes'}: no such folder", "IMBENCH_DATA")
