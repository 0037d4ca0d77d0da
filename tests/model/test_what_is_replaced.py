"""Whoever writes a model where another one is gets told what goes: of which place, profile, seed and images it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from builders import TINY, as_on_a_fresh_machine, bench_toml, imbench

FIT = ("fit", "stripes", "--out", "mine")
PLAIN = ("--method", "TS", "--at", "12:6")
LONGER = TINY | {"load_size": 32, "eval_per_class": 4, "majority_count": 12, "epochs": 2}
OTHER = "[profiles.longer]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in LONGER.items())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a configuration and a model of stripes."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        bench_toml(folder, OTHER, methods=["TS"], minority=[])
        assert imbench(*FIT, *PLAIN).status == 0
    return folder


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (PLAIN, ""),
        (("--method", "OS", "--at", "12:6"), "of TS, is replaced"),
        (("--method", "TS", "--at", "10:5"), "of TS, of stripes at 12:6, is replaced"),
        ((*PLAIN, "--seed", 1), "of TS, of seed 0, is replaced"),
        ((*PLAIN, "--profile", "longer"), "of TS, of another profile, is replaced"),
        ((*PLAIN, "--results", "elsewhere", "--seed", 1), "of TS, of a record that is not here, is replaced"),
        ((*PLAIN, "--all-data"), "of TS, of training images alone, is replaced"),
    ],
)
def test_another_model_that_is_written_over_is_named(
    second: tuple[object, ...], words: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "home")
    as_on_a_fresh_machine(monkeypatch, tmp_path / "home")
    said = imbench(*FIT, *second)
    assert said.status == 0 and (f"mine: the model there, {words}" in said.err if words else "replaced" not in said.err)
    again = imbench(*FIT, *second)
    assert again.status == 0 and "replaced" not in again.err, "it is the same"


def test_a_model_of_all_images_is_named_as_such(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(home, tmp_path / "home")
    as_on_a_fresh_machine(monkeypatch, tmp_path / "home")
    assert imbench(*FIT, *PLAIN, "--all-data").status == 0
    said = imbench(*FIT, *PLAIN)
    assert "of TS, of training and validation images, is replaced" in said.err, said.err
