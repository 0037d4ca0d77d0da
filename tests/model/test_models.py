"""A model taken home decides as its record does, says what it is, and is refused by name when it is not one."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import imbench, model_of_stripes, refused
from PIL import Image

from bench.datasets.stripes import pixels
from bench.model.deciding import _costs, _pairs
from bench.model.making import _row
from bench.model.saved import read_facts

OPEN = [{"name": "PostHocLA", "arguments": {"tau": "validation"}}]  # a number that validation images would choose


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a configuration, a model of stripes, and its test images as files."""
    folder = tmp_path_factory.mktemp("home")
    model_of_stripes(folder)
    for label in ("vertical", "horizontal"):
        (folder / "images" / label).mkdir(parents=True)
        for i in range(4):
            name = f"test/{label}/{i:03d}"
            Image.fromarray(pixels(name)).save(folder / "images" / label / f"{i}.png")
    return folder


def predicted(home: Path, *more: object) -> list[dict[str, str]]:
    said = imbench("predict", home / "mine", home / "images", "--out", home / "said.csv", *more)
    assert said.status == 0, said.err
    with (home / "said.csv").open(encoding="utf8") as file:
        return list(csv.DictReader(file))


def test_a_model_decides_about_the_test_images_as_the_record_does(home: Path) -> None:
    facts, rows = read_facts(home / "mine"), predicted(home)
    by_file = {Path(row["file"]).parent.name + Path(row["file"]).stem: row for row in rows}
    assert facts.test is not None and len(rows) == 8 and facts.counts == (12, 6)
    stored = facts.test.probabilities.array()
    for k, label in enumerate(facts.classes):
        for i in range(4):
            row = by_file[f"{label}{i}"]
            np.testing.assert_allclose(
                [float(row[f"p_{name}"]) for name in facts.classes], stored[4 * k + i], rtol=1e-5
            )
            adjusted = stored[4 * k + i] / np.array(facts.counts)
            assert row["decision"] == facts.classes[int(adjusted.argmax())], "TS divides by the training shares"


def test_a_fit_that_is_there_is_not_trained_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.running.run.run", lambda *_: pytest.fail("trained again"))
    said = imbench(
        "fit", "stripes", "--method", "TS", "--at", "12:6", "--out", home / "again", "--config", home / "bench.toml"
    )
    assert said.status == 0 and read_facts(home / "again") == read_facts(home / "mine")


def test_the_card_tells_what_the_model_is(home: Path) -> None:
    card = (home / "mine" / "README.md").read_text(encoding="utf8")
    assert "TS" in card and "12 vertical, 6 horizontal" in card and "| vertical | 4 |" in card
    assert "another seed gives others" in card


def test_what_cannot_be_read_is_named_and_the_rest_is_decided(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    good = home / "images" / "vertical" / "0.png"
    said = imbench("predict", home / "mine", tmp_path / "broken.png", good, "--out", tmp_path / "said.csv")
    assert said.status == 1 and "broken.png" in said.err and "1 of 2 images" in said.err
    with (tmp_path / "said.csv").open(encoding="utf8") as file:
        first, second = csv.DictReader(file)
    assert first["decision"] == "" and "broken.png" in first["error"] and second["decision"]


def test_images_are_copied_into_a_folder_of_their_class(home: Path, tmp_path: Path) -> None:
    rows = predicted(home, "--copy-by-class", tmp_path)
    found = sorted(path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.png"))
    assert found == sorted(row["decision"] for row in rows), "two files of one name are both there"


def test_a_name_that_is_no_text_is_written_escaped(home: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    shutil.copy(home / "images" / "vertical" / "0.png", odd)
    said = imbench("predict", home / "mine", tmp_path, "--out", tmp_path / "said.csv")
    assert said.status == 0 and "\\udcff.png" in (tmp_path / "said.csv").read_text(encoding="utf8"), said.err


def test_predict_says_what_it_leaves_out_and_copies_no_copy(home: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.copytree(home / "images" / "vertical", new)
    (new / "photo.heic").write_bytes(b"another format")
    (new / "elsewhere").symlink_to(home / "images")
    (new / "again").symlink_to(new)
    arguments = ("predict", home / "mine", new, "--out", tmp_path / "said.csv", "--copy-by-class", new / "sorted")
    said = imbench(*arguments)
    assert "left out: 1 *.heic, 1 links in a circle, 1 links out of the data folder" in said.err
    assert "4 of 4 images" in said.err and "holds files already" not in said.err
    said = imbench(*arguments)
    assert "4 of 4 images" in said.err and "holds files already" in said.err


def test_a_decision_that_is_moved_and_kept_is_used(home: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in (home / "mine").iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    said = imbench("threshold", moved, "--recall", "horizontal=1.0", "--write")
    assert said.status == 0 and "horizontal" in said.out, said.err
    facts = read_facts(moved)
    assert facts.factors_for == "recall horizontal=1.0" and facts.factors[1] != 1
    assert facts.validation is not None
    scores = facts.validation.probabilities.array() / np.array(facts.counts) * np.array(facts.factors)
    assert (scores.argmax(axis=1)[facts.validation.labels == 1] == 1).all()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "model.json").unlink(), ("model.json", "imbench fit")),
        (lambda folder: (folder / "model.json").write_text("{}"), ("model.json", "not a model")),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), ("model.safetensors", "weights")),
        (lambda folder: rewrite(folder, "method", [{"name": "Gone"}]), ("model.json", "unknown method 'Gone'")),
        (lambda folder: rewrite(folder, "classes", ["a", "b", "c"]), ("model.json", "each of 3 classes")),
        (lambda folder: rewrite(folder, "classes", ["a", "a"]), ("model.json", "each of its own name")),
        (lambda folder: rewrite(folder, "counts", [12]), ("model.json", "counts has not a number for each")),
        (lambda folder: rewrite(folder, "counts", [12, 0]), ("model.json", "counts.1: ")),
        (lambda folder: rewrite(folder, "counts", [10**30, 1]), ("model.json", "counts.0: ")),
        (lambda folder: said_of(folder, [10**12, 4]), ("model.json", "validation: probabilities of shape")),
        (lambda folder: said_of(folder, [0, 8]), ("model.json", "validation: a class without images")),
        (lambda folder: rewrite(folder, "factors", [1.0, -1.0]), ("model.json", "factors has not a number")),
        (lambda folder: rewrite(folder, "method", []), ("model.json", "method")),
        (lambda folder: rewrite(folder, "method", [{"name": "LDAM"}]), ("model.safetensors", "not the weights")),
        (lambda folder: rewrite(folder, "method", OPEN, validation=None), ("model.json", "decision cannot be made")),
    ],
)
def test_a_damaged_or_foreign_model_is_refused_by_name(
    home: Path, tmp_path: Path, damage: object, words: tuple[str, ...]
) -> None:
    for file in (home / "mine").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damage(tmp_path)  # type: ignore[operator]
    refused(imbench("predict", tmp_path, home / "images"), *words)


def rewrite(folder: Path, key: str, value: object, **more: object) -> None:
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(facts | {key: value} | more))


def said_of(folder: Path, counts: list[int]) -> None:
    """Let the model's predictions be of other validation images."""
    said = json.loads((folder / "model.json").read_text())["validation"]
    rewrite(folder, "validation", said | {"counts": counts})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--recall", "horizontl=0.9"), ("unknown class 'horizontl'", "horizontal")),
        (("--recall", "horizontal"), ("NAME=NUMBER",)),
        (("--prior", "horizontal=1.5"), ("between 0 and 1",)),
        (("--prior", "horizontal=nan"), ("between 0 and 1",)),
        (("--recall", "horizontal=nan"), ("above 0 and is at most 1",)),
        (("--cost", "horizontal=2"), ("TRUE:TAKEN=COST",)),
        (("--cost", "horizontal:vertical=nan"), ("TRUE:TAKEN=COST",)),
        (("--cost", "horizontal:vertical=inf"), ("TRUE:TAKEN=COST",)),
        (("--cost", "horizontal:horizontal=2"), ("what is right costs nothing",)),
        (("--recall", "horizontal=0.9, vertical=0.9"), ("a recall is wanted of one class",)),
        (("--prior", "horizontal=0.1, horizontal=0.9"), ("'horizontal' is named twice",)),
        (("--prior", "horizontal=0.3, vertical=0.3"), ("all 2 classes are 1 together, not 0.6",)),
        (("--cost", "horizontal:vertical=2, horizontal:vertical=3"), ("'horizontal:vertical' is named twice",)),
        ((), ("one of --recall, --prior and --cost",)),
    ],
)
def test_a_decision_that_cannot_be_is_one_clear_line(
    home: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(imbench("threshold", home / "mine", *arguments), *words)


def test_a_class_of_any_name_is_one_cell_of_the_card() -> None:
    assert _row("a|<b>", np.array([1, 0]), 0).startswith("| a\\|\\<b> | 1 |")


def test_a_class_may_be_called_what_stands_between_names() -> None:
    classes = ("a, b", "x:y=1", "plain")
    costs = _costs("a, b:x:y=1=20, plain : a, b = 3,x:y=1:plain=4", classes)
    assert costs.tolist() == [[0, 20, 1], [1, 0, 4], [3, 1, 0]]
    assert _pairs("a, b=0.5, x:y=1=0.25", classes) == [("a, b", 0.5), ("x:y=1", 0.25)]


@pytest.mark.parametrize(
    ("place", "words"), [("gone/images", "no such folder of images"), ("images/vertical/0.png", "one picture; give")]
)
def test_a_path_that_is_no_dataset_is_refused_as_a_path(home: Path, place: str, words: str) -> None:
    refused(imbench("fit", home / place, "--config", home / "bench.toml"), words)
