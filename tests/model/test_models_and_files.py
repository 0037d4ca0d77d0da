"""What belongs to a model stays together, and no other file is taken for part of one, nor written over."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import imbench, model_of_stripes, refused
from PIL import Image
from safetensors.torch import load_file, save_file

from bench.datasets.stripes import pixels
from bench.model.threshold import paid


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a configuration, a model of stripes, and two pictures."""
    folder = tmp_path_factory.mktemp("home")
    model_of_stripes(folder)
    (folder / "images" / "vertical").mkdir(parents=True)
    for i in range(2):
        Image.fromarray(pixels(f"test/vertical/{i:03d}")).save(folder / "images" / "vertical" / f"{i}.png")
    return folder


def test_weights_of_another_model_are_refused(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "mine", tmp_path / "mine")
    weights = load_file(tmp_path / "mine" / "model.safetensors")
    save_file({name: value + 1 for name, value in weights.items()}, tmp_path / "mine" / "model.safetensors")
    said = imbench("predict", tmp_path / "mine", home / "images", "--out", tmp_path / "said.csv")
    refused(said, "model.safetensors: not the weights that", "imbench fit")
    facts = json.loads((tmp_path / "mine" / "model.json").read_text("utf8"))
    del facts["weights"]
    (tmp_path / "mine" / "model.json").write_text(json.dumps(facts), "utf8")
    assert imbench("predict", tmp_path / "mine", home / "images", "--out", tmp_path / "said.csv").status == 0


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_pipe_in_a_models_folder_is_named_and_nobody_waits(name: str, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "mine", tmp_path / "mine")
    (tmp_path / "mine" / name).unlink()
    os.mkfifo(tmp_path / "mine" / name)
    refused(imbench("predict", tmp_path / "mine", home / "images"), name, "a pipe")


def test_a_model_is_not_written_over_other_files(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("precious", "utf8")
    fit = ("fit", "stripes", "--method", "TS", "--at", "12:6", "--config", home / "bench.toml", "--out")
    refused(imbench(*fit, tmp_path / "mine"), "holds files that are no model")
    refused(imbench(*fit, tmp_path / "mine" / "README.md"), "a file; a model is a folder")
    assert (tmp_path / "mine" / "README.md").read_text("utf8") == "precious"


def test_a_table_of_predictions_takes_no_pictures_place(home: Path) -> None:
    picture = home / "images" / "vertical" / "0.png"
    before = picture.read_bytes()
    refused(imbench("predict", home / "mine", home / "images", "--out", picture), "a picture's name")
    assert picture.read_bytes() == before


def test_what_a_decision_for_costs_pays_is_told_with_how_sure_it_is(home: Path) -> None:
    said = imbench("threshold", home / "mine", "--cost", "vertical:horizontal=20")
    validation, test = (line for line in said.err.splitlines() if "mean cost" in line)
    assert said.status == 0 and "by which it was chosen" in validation and "4 test images" not in validation
    assert re.search(r"mean cost [\d.]+, then [\d.]+, on 8 test images: [+-][\d.]+ \([+-][\d.]+ to [+-][\d.]+\)", test)


def test_costs_are_means_over_images_and_their_change_is_paired() -> None:
    scores, labels = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.55, 0.45]]), np.array([0, 0, 1, 1])
    it = paid(np.array([[0.0, 1.0], [10.0, 0.0]]), np.array([1.0, 2.0]), scores, labels)
    assert (it.before, it.after, it.images) == (2.5, 0.25, 4), "one rare image was missed; then a common one is"
    assert it.low < -2.25 < it.high
