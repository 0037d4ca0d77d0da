"""Folders as people have them are read whole, or one clear line says what was left out and why."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.carving import UNPROTECTED
from bench.data.census import census
from bench.data.check import check
from bench.data.folders import natural
from bench.data.splits import keep_split
from bench.dataset import PARTS
from bench.datasets.folder import FolderDataset
from bench.errors import DataError


def picture(path: Path, *seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(path)


def folder(root: Path, classes: int = 2, size: int = 12) -> Path:
    for label in range(classes):
        for i in range(size):
            picture(root / f"class {label}" / f"{i}.png", label, i)
    return root


def names(root: Path, **options: object) -> list[str]:
    return FolderDataset("mine", root, **options).split().names()  # type: ignore[arg-type]


def test_every_format_and_ending_of_a_class_is_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    root = folder(tmp_path)
    for i, ending in enumerate(("JPG", "jfif", "gif", "Tiff", "webp", "bmp", "ppm", "jp2", "avif")):
        Image.fromarray(np.full((9, 9, 3), 20 * i, np.uint8)).save(
            root / "class 0" / f"odd.{ending}", format="JPEG" if ending == "jfif" else None
        )
    for name in ("notes.txt", "a.eps", "b.eps"):
        (root / "class 1" / name).write_text("no picture")
    dataset = FolderDataset("mine", root)
    assert len(dataset.split().names()) == 24 + 9
    assert "2 *.eps, 1 *.txt" in dataset.split().note


def test_a_class_of_foreign_endings_is_refused_by_name(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "owl").mkdir()
    (root / "owl" / "a.svg").write_text("<svg/>")
    with pytest.raises(
        DataError, match=r"owl: 1 files, none of them an image \(1 \*.svg\); the class 'owl' would vanish"
    ):
        names(root)


def test_hidden_folders_and_files_are_passed_over(tmp_path: Path) -> None:
    root = folder(tmp_path)
    picture(root / "class 0" / ".ipynb_checkpoints" / "0-checkpoint.png", 0)
    picture(root / ".thumbnails" / "0.png", 0)
    picture(root / "class 0" / "._0.png", 0)
    assert len(names(root)) == 24


def test_links_are_followed_within_the_folder_only_and_never_in_a_circle(tmp_path: Path) -> None:
    root = folder(tmp_path / "images")
    picture(tmp_path / "elsewhere" / "x.png", 9)
    (root / "class 0" / "out").symlink_to(tmp_path / "elsewhere")
    (root / "class 0" / "circle").symlink_to(root / "class 0")
    (root / "class 0" / "x.png").symlink_to(tmp_path / "elsewhere" / "x.png")
    (root / "class 0" / "nowhere.png").symlink_to(root / "not there.png")
    (root / "class 1" / "inside.png").symlink_to(root / "class 1" / "0.png")
    note = FolderDataset("mine", root).split().note
    assert len(names(root)) == 25 and "class 1/inside.png" in names(root)
    assert "1 links in a circle, 2 links out of the data folder, 1 links that lead nowhere" in note


@pytest.mark.parametrize("up", ["..", "../..", "../../class 0"])
def test_a_link_to_a_folder_above_takes_no_picture_of_another_class(up: str, tmp_path: Path) -> None:
    root = folder(tmp_path / "images")
    (root / "class 0" / "deep").mkdir()
    (root / "class 0" / "deep" / "loop").symlink_to(Path(up), target_is_directory=True)
    dataset = FolderDataset("mine", root)
    assert len(dataset.split().names()) == 24 and "1 links in a circle" in dataset.split().note


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path)
    listed = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "class 1":
            raise PermissionError(13, os.strerror(13))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"class 1: cannot be listed \(Permission denied\)"):
        names(root)


def test_given_parts_are_taken_and_missing_ones_are_drawn_from_training(tmp_path: Path) -> None:
    for part, size in (("train", 20), ("test", 5)):
        for label in range(3):
            for i in range(size + label):
                picture(tmp_path / part / f"class {label}" / f"{i}.png", label, i, size)
    dataset = FolderDataset("mine", tmp_path)
    split = dataset.split()
    assert split.classes == ("class 2", "class 1", "class 0")
    assert split.counts("test") == (7, 6, 5) and split.counts("val") == (3, 3, 3) and split.counts("train")[-1] == 17
    assert all(name.startswith("test/") for name in split.names("test"))
    assert "val drawn from train with seed 0" in split.note
    for i in range(4):
        for label in range(2):
            picture(tmp_path / "valid" / f"class {label}" / f"{i}.png", label, i, 3)
    with pytest.raises(DataError, match="class 'class 2' of train has no images in val"):
        names(tmp_path)
    for label in range(3):
        picture(tmp_path / "valid" / f"class {label}" / "more.png", label, 3)
    assert "not heeded" not in FolderDataset("mine", tmp_path).split().note
    assert (
        "20 % to test (natural: as rare as found) is not heeded"
        in FolderDataset("mine", tmp_path, test=0.2).split().note
    )


def test_what_is_said_of_a_folder_keeps_names_whole_and_numbers_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "mine")
    (root / "class 1").rename(root / "St. John")
    (root / "St. John" / "a copy.png").write_bytes((root / "class 0" / "0.png").read_bytes())
    (root / "notes.txt").touch()
    monkeypatch.chdir(root)
    dataset = FolderDataset("mine", Path(), split_file=tmp_path / "split.json")
    said = str(census(dataset))
    assert "Left out in mine: 1 other file beside its subfolders: notes.txt." in said
    assert "St. John" in next(line for line in said.splitlines() if "two labels" in line and "class 0/0.png" in line)
    keep_split(dataset)
    again = str(census(FolderDataset("mine", Path(), split_file=tmp_path / "split.json")))
    assert [line for line in again.splitlines() if line in said.splitlines()] == said.splitlines()[:-1]
    (root / "class 0" / "5.png").unlink()
    assert "Since the split was kept, one image is gone: class 0/5.png" in str(
        census(FolderDataset("mine", Path(), split_file=tmp_path / "split.json"))
    )


def test_order_is_natural_and_any_unicode_is_a_name(tmp_path: Path) -> None:
    assert sorted(["a10", "a9", "c", "B1", "é"], key=natural) == ["a9", "a10", "B1", "c", "é"]
    root = folder(tmp_path)
    (root / "class 1").rename(root / "Größe 日本 🐴")
    dataset = FolderDataset("mine", root)
    keep_split(dataset)
    assert set(FolderDataset("mine", root).split().classes) == {"class 0", "Größe 日本 🐴"}
    assert {finding.level for finding in check(dataset, dataset.split())} == {"ok"}


def test_damaged_images_are_refused_or_skipped_and_named(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "class 0" / "3.png").write_text("not an image")
    with pytest.raises(DataError, match=r"3\.png: cannot be read as an image"):
        names(root)
    for near in ("on", "off"):
        dataset = FolderDataset("mine", root, damaged="skip", near_duplicates=near)  # type: ignore[arg-type]
        assert "class 0/3.png" not in dataset.split().names() and len(dataset.split().names()) == 23
        assert "1 damaged images are left out: class 0/3.png" in dataset.split().note


def test_near_duplicates_can_be_left_alone(tmp_path: Path) -> None:
    root = folder(tmp_path, size=20)
    for i in range(0, 20, 2):
        with Image.open(root / "class 0" / f"{i}.png") as image:
            image.point(lambda level: level * 0.9).save(root / "class 0" / f"{i}-darker.png")
    together = {name: part for part in PARTS for name in FolderDataset("mine", root).split().names(part)}
    assert all(together[f"class 0/{i}.png"] == together[f"class 0/{i}-darker.png"] for i in range(0, 20, 2))
    off = FolderDataset("mine", root, near_duplicates="off")
    assert "near ones not looked for" in str([*check(off, off.split())]) and UNPROTECTED not in off.split().note


def test_shape_is_part_of_the_edition(tmp_path: Path) -> None:
    root = folder(tmp_path)
    editions = {FolderDataset("mine", root, shape=shape).edition for shape in ("squash", "pad", "crop")}
    assert len(editions) == 3


def test_copies_with_another_label_and_flat_pictures_are_warnings(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "class 1" / "copy.png").write_bytes((root / "class 0" / "0.png").read_bytes())
    Image.new("RGB", (9, 9), "white").save(root / "class 1" / "flat.png")
    dataset = FolderDataset("mine", root)
    found = [finding for finding in check(dataset, dataset.split()) if finding.level == "warning"]
    assert sorted(finding.subject for finding in found) == ["decoding", "labels"]
    shown = "".join(name for finding in found for name in finding.names)
    assert all(text in shown for text in ("class 0/0.png (class 0)", "class 1/copy.png (class 1)", "flat.png"))


def test_what_decoding_does_is_said_and_lost_contrast_is_a_warning(tmp_path: Path) -> None:
    for label in range(2):
        for i in range(12):
            values = np.random.default_rng((label, i)).integers(0, 4096, (12, 12)).astype(np.uint16)
            path = tmp_path / f"class {label}" / f"{i}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(values).save(path)
    dataset = FolderDataset("mine", tmp_path)
    block = census(dataset)
    assert any("Of 24 images, 16 bits a pixel are scaled to 8" in note for note in block.notes)
    assert any("Of 24 images, fewer than 64 grey levels are left" in text for text in block.warnings)
    assert [it.level for it in check(dataset, dataset.split()) if "grey levels" in it.text] == ["warning"]
