"""What belongs to a model stays together, and no other file is taken for part of one, nor written over."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, imbench, model_of_stripes, refused
from PIL import Image
from safetensors.torch import load_file, save_file
from scipy.special import expit

from bench.cli.writing import class_folders, copied
from bench.datasets.stripes import pixels
from bench.errors import StoreError
from bench.model.deciding import in_force, moved, scores_of, wrong_at
from bench.model.saved import read_facts
from bench.model.threshold import paid
from bench.record import Predictions
from bench.store.leftovers import write_anew


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


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_model_whose_writing_was_killed_is_written_again(
    written: int, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = ("fit", "stripes", "--method", "TS", "--at", "12:6", "--config", home / "bench.toml", "--out", tmp_path / "m")
    left = written

    def dying(path: Path, data: bytes) -> None:
        nonlocal left
        if not left:
            path.parent.mkdir(exist_ok=True)
            path.with_name(f".{path.name}.01234567.tmp").touch()
            raise StoreError("killed")
        left -= 1
        write_anew(path, data)

    with monkeypatch.context() as patched:
        patched.setattr("bench.model.saved.write_anew", dying)
        refused(imbench(*fit), "killed")
    said = imbench(*fit)
    assert said.status == 0, said.err
    assert sorted(it.name for it in (tmp_path / "m").iterdir()) == sorted(it.name for it in (home / "mine").iterdir())


def test_a_table_of_predictions_takes_no_pictures_place(home: Path) -> None:
    picture = home / "images" / "vertical" / "0.png"
    before = picture.read_bytes()
    refused(imbench("predict", home / "mine", home / "images", "--out", picture), "a picture's name")
    assert picture.read_bytes() == before


def test_a_table_of_predictions_takes_no_part_of_the_models_place(home: Path, tmp_path: Path) -> None:
    facts = home / "mine" / "model.json"
    before = facts.read_bytes()
    refused(
        imbench("predict", home / "mine", home / "images", "--out", facts), "of the model; the table goes elsewhere"
    )
    refused(imbench("predict", home / "mine", home / "images", "--out", tmp_path), "a folder; the table goes elsewhere")
    assert facts.read_bytes() == before


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "README.md"])
def test_nothing_else_takes_the_place_of_a_part_of_the_model(name: str, home: Path, tmp_path: Path) -> None:
    model = shutil.copytree(home / "mine", tmp_path / "mine")
    before = (model / name).read_bytes()
    exported = ("export", model, "--format", "pt2", "--out")
    refused(imbench(*exported, model / name), f"{name}: of the model; what is exported goes elsewhere")
    (tmp_path / "link.pt2").symlink_to(model / name)
    refused(imbench(*exported, tmp_path / "link.pt2"), "link.pt2: of the model")
    refused(imbench(*exported, tmp_path), "a folder; what is exported goes elsewhere, such as model.pt2")
    moving = ("threshold", model, "--recall", "vertical=1", "--write", "--chart", model / name)
    refused(imbench(*moving), f"{name}: a chart is a PNG file, and ends in .png")
    assert (model / name).read_bytes() == before and not read_facts(model).factors


def test_copies_may_go_beside_the_images_and_are_not_decided_again(home: Path, tmp_path: Path) -> None:
    for folder in ("new", "new/deep"):
        (tmp_path / folder).mkdir()
        shutil.copy(next((home / "images" / "vertical").glob("*.png")), tmp_path / folder / "one.png")
    arguments = ("predict", home / "mine", tmp_path / "new", "--copy-by-class", tmp_path / "new")
    for _ in range(2):
        said = imbench(*arguments, "--out", tmp_path / "said.csv")
        assert said.status == 0 and "2 of 2 images decided" in said.err, said
    assert "left out: 2 images where copies go" in said.err
    (tmp_path / "photo.heic").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.heic").rename(tmp_path / "empty" / "photo.heic")
    refused(imbench("predict", home / "mine", tmp_path / "empty"), "no image in ", "left out: 1 *.heic")


def test_an_image_that_is_named_in_two_ways_is_decided_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(next((home / "images" / "vertical").glob("*.png")), tmp_path / "one.png")
    monkeypatch.chdir(tmp_path)
    said = imbench("predict", home / "mine", "one.png", tmp_path / "one.png", tmp_path, "--out", "said.csv")
    assert "1 of 1 images decided" in said.err, said


def test_a_fit_says_what_changed_since_the_split_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)

    def add(label: str, start: int, count: int) -> None:
        (tmp_path / "digits" / label).mkdir(parents=True, exist_ok=True)
        for i in range(start, start + count):
            noise = np.random.default_rng([*label.encode(), i]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "digits" / label / f"{i}.png")

    for label in ("cat", "dog"):
        add(label, 0, 14)
    arguments = ("fit", "./digits", "--profile", "smoke", "--method", "Vanilla", "--out", "model")
    assert "Since the split was kept" not in (first := imbench(*arguments)).err and first.status == 0, first.err
    add("owl", 0, 12)
    said = imbench(*arguments)
    assert "Since the split was kept, 12 images are in its folder and in no part, such as owl/0.png" in said.err
    assert "the suite's own dataset is meant; ./digits is the folder" in imbench("data", "show", "digits").err


def test_two_classes_never_share_a_folder_of_copies() -> None:
    found = class_folders(("a/b", "a_b", "A_B", "..", "plain"), Path("out"))
    assert [it.name for it in found.values()] == ["a_b", "a_b-2", "A_B-3", "_..", "plain"]


def test_no_copy_is_written_behind_a_link(tmp_path: Path) -> None:
    (image := tmp_path / "one.png").write_bytes(b"pixels")
    (folder := tmp_path / "sorted" / "cat").mkdir(parents=True)
    (folder / "one.png").symlink_to(tmp_path / "elsewhere.png")
    copied([(image, folder)])
    assert not (tmp_path / "elsewhere.png").exists() and (folder / "one-2.png").read_bytes() == b"pixels"


def test_a_moved_decision_moves_the_card_and_the_figures(home: Path, tmp_path: Path) -> None:
    model = shutil.copytree(home / "mine", tmp_path / "mine")
    said = imbench("threshold", model, "--prior", "vertical=0.000001", "--write")
    assert said.status == 0 and "vertical is found in 0% of its images: it makes no more errors so" in said.err
    facts = read_facts(model)
    assert facts.figures["recall of vertical"] == 0 and facts.figures["recall of horizontal"] == 1
    card = (model / "README.md").read_text()
    assert "Decides for prior vertical=0.000001" in card and "Balanced accuracy 0.5000" in card
    said = imbench("threshold", model, "--recall", "vertical=1")
    (row,) = (line for line in said.out.splitlines() if line.startswith("vertical"))
    assert float(row.split()[1]) == 0, "before: what it does now"


def test_what_a_decision_for_costs_pays_is_told_with_how_sure_it_is(home: Path) -> None:
    said = imbench("threshold", home / "mine", "--cost", "vertical:horizontal=20")
    validation, test = (line for line in said.err.splitlines() if "mean cost" in line)
    assert said.status == 0 and "by which it was chosen" in validation and "4 test images" not in validation
    assert re.search(r"mean cost [\d.]+, then [\d.]+, on 8 test images: [+-][\d.]+ \([+-][\d.]+ to [+-][\d.]+\)", test)


def test_errors_at_a_prior_are_told_and_promised_only_where_they_do_not_rise(home: Path) -> None:
    labels, risen = np.repeat([0, 1], 40), set[bool]()
    mine = read_facts(home / "mine")
    for seed in range(8):
        far = np.random.default_rng(seed).standard_t(1.2, 80) * 2 + 2 * labels
        part = Predictions.of(labels, expit(np.stack([-far, far], axis=1)))
        plain = mine.model_copy(update={"validation": part, "test": part})
        best, _ = moved(plain, cost="vertical:horizontal=97, horizontal:vertical=3")
        for told in (plain, best):
            facts, rows = moved(told, prior="horizontal=0.03")
            first, _, *more = wrong_at(told, facts, "horizontal=0.03", rows)
            before, after = map(float, re.findall(r"[\d.]+(?=, )", first)[:2])
            wrong = (scores_of(facts, part) * in_force(facts)).argmax(axis=1) != labels
            assert after == pytest.approx(0.97 * wrong[:40].mean() + 0.03 * wrong[40:].mean(), abs=1e-4)
            risen.add(after > before)
            assert (after > before) == any("more errors than before on the validation images" in it for it in more)
            assert not (after > before) or not any("no more errors" in it for it in more)
    assert risen == {True, False}


def test_costs_are_means_over_images_and_their_change_is_paired() -> None:
    scores, labels = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.55, 0.45]]), np.array([0, 0, 1, 1])
    it = paid(np.array([[0.0, 1.0], [10.0, 0.0]]), np.ones(2), np.array([1.0, 2.0]), scores, labels)
    assert (it.before, it.after, it.images) == (2.5, 0.25, 4), "one rare image was missed; then a common one is"
    assert it.low < -2.25 < it.high
