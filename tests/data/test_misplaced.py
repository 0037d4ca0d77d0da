"""What people and systems put beside the classes is left out and said, or refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.census import census
from bench.data.decoding import decoded
from bench.datasets.folder import FolderDataset
from bench.errors import DataError


def pictures(*folders: Path, size: int = 12) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(size):
            seed = [i, *str(folder).encode()]
            pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")


def dataset(root: Path, **options: object) -> FolderDataset:
    return FolderDataset("mine", root, **options)  # type: ignore[arg-type]


def complaint(root: Path, **options: object) -> str:
    with pytest.raises(DataError) as refused:
        dataset(root, **options).split()
    return str(refused.value).removeprefix(str(root))


def test_images_beside_the_classes_are_counted(tmp_path: Path) -> None:
    pictures(tmp_path / "a", tmp_path / "b")
    pictures(tmp_path, size=2)
    assert len(dataset(tmp_path).split().names()) == 24
    assert (
        f"Left out in {tmp_path.name}: 2 images beside its subfolders, such as 0.png" in dataset(tmp_path).split().note
    )


def test_other_files_beside_the_classes_are_counted_and_named(tmp_path: Path) -> None:
    pictures(tmp_path / "a", tmp_path / "b")
    for name in ("ship.zip", "notes.txt", ".hidden"):
        (tmp_path / name).write_text("")
    said = f"Left out in {tmp_path.name}: 2 other files beside its subfolders: notes.txt, ship.zip."
    found = census(dataset(tmp_path))
    assert said.removesuffix(".") in found.notes
    assert found.warnings[0] == "Archives are not opened: unpack ship.zip, if images of yours are in there"
    for k in range(6):
        (tmp_path / f"a{k}.csv").write_text("")
    assert "8 other files beside its subfolders: a0.csv, a1.csv, a2.csv, a3.csv, a4.csv and 3 more" in (
        dataset(tmp_path).split().note
    )


@pytest.mark.parametrize(("inside", "hint"), [("", "12 images lie in it, such as 0.png"), ("images", 'folder = "')])
def test_a_folder_without_classes_says_where_they_may_be(inside: str, hint: str, tmp_path: Path) -> None:
    root = tmp_path / "mine"
    pictures(*([root / inside / "a", root / inside / "b"] if inside else [root]))
    assert hint in complaint(root)


def test_a_class_of_links_that_lead_elsewhere_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    pictures(root / "a", root / "b", tmp_path / "c")
    (root / "linked").symlink_to(tmp_path / "c")
    assert "linked: no files (1 links out of the data folder); the class 'linked' would vanish" in complaint(root)
    (root / "linked").unlink()
    (root / "dangling").mkdir()
    for i in range(3):
        (root / "dangling" / f"{i}.png").symlink_to(root / "gone.png")
    assert "dangling: no files (3 links that lead nowhere)" in complaint(root)


def test_the_endings_of_a_class_without_images_are_named(tmp_path: Path) -> None:
    pictures(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "notes.txt").write_text("")
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "1.dcm").write_text("")
    assert "scans: 1 files, none of them an image (1 *.dcm); the class" in complaint(tmp_path)


def test_folders_of_systems_are_passed_over(tmp_path: Path) -> None:
    pictures(
        tmp_path / "a", tmp_path / "b", tmp_path / "__MACOSX" / "a", tmp_path / "a" / "@eaDir", tmp_path / "lost+found"
    )
    assert dataset(tmp_path).split().counts("train") == (8, 8)


def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    pictures(tmp_path / "a", tmp_path / "b")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert "1 pipes or devices" in dataset(tmp_path).split().note


def test_parts_beside_what_is_no_part_are_refused_unless_it_holds_no_image(tmp_path: Path) -> None:
    pictures(*(tmp_path / part / label for part in ("train", "test") for label in ("a", "b")))
    (tmp_path / "models").mkdir()
    note = dataset(tmp_path).split().note
    assert "Parts as given: test, train" in note and "Left out: models, which holds no image" in note
    pictures(tmp_path / "unlabelled")
    assert "test and train are parts, and unlabelled beside them is none" in complaint(tmp_path)


def test_given_parts_that_share_pictures_and_copies_with_two_labels_are_warnings(tmp_path: Path) -> None:
    pictures(*(tmp_path / part / label for part in ("train", "test") for label in ("a", "b")))
    assert not [it for it in census(dataset(tmp_path)).warnings if "alike" in it or "labels" in it]
    (tmp_path / "test" / "a" / "x.png").write_bytes((tmp_path / "train" / "a" / "3.png").read_bytes())
    (tmp_path / "train" / "a" / "y.png").write_bytes((tmp_path / "train" / "b" / "5.png").read_bytes())
    warnings = " ".join(census(dataset(tmp_path)).warnings)
    assert "1 groups are in two of the given parts: pictures that are alike, such as t" in warnings
    assert "Equal files have two labels: 1 image, such as train/a/y.png (a) = train/b/5.png (b)" in warnings


def test_names_that_differ_in_the_coding_of_an_accent_are_pointed_at(tmp_path: Path) -> None:
    pictures(tmp_path / "Caf\u00e9", tmp_path / "Cafe\u0301")
    assert "Classes have nearly one name" in " ".join(census(dataset(tmp_path)).warnings)


def test_a_class_of_one_part_alone_is_refused_with_what_it_may_be(tmp_path: Path) -> None:
    pictures(*(tmp_path / "train" / label for label in ("cat", "dog")))
    pictures(*(tmp_path / "test" / label for label in ("Cat", "dog")))
    said = complaint(tmp_path)
    assert "class 'cat' of train has no images in test; Classes have nearly one name: 'Cat', 'cat'" in said


def test_wide_and_combining_letters_keep_the_columns_of_the_block(tmp_path: Path) -> None:
    pictures(tmp_path / "日本", tmp_path / "Cafe\u0301", tmp_path / "plain")
    lines = str(census(dataset(tmp_path))).splitlines()[1:5]
    # 日本 is as wide as four letters, the combining accent has no width.
    assert [len(line) for line in lines] == [len(lines[0]), *(len(lines[0]) - d for d in _narrower(lines[1:]))]


def _narrower(lines: list[str]) -> list[int]:
    return [2 if "日本" in line else -1 if "\u0301" in line else 0 for line in lines]


def test_a_class_whose_images_are_all_damaged_is_refused(tmp_path: Path) -> None:
    pictures(tmp_path / "a", tmp_path / "b")
    for path in (tmp_path / "b").iterdir():
        path.write_text("nothing")
    assert "class 'b' would vanish: its 12 images are all damaged" in complaint(tmp_path, damaged="skip")


@pytest.mark.parametrize(("content", "why"), [(b"", "the file is empty"), (b"<html>", "no picture of a format")])
def test_what_is_no_picture_is_told_in_words(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=why):
        decoded(path)


def test_pictures_of_two_cameras_in_one_file_are_opened(tmp_path: Path) -> None:
    left, right = (Image.new("RGB", (16, 16), colour) for colour in ((200, 0, 0), (0, 0, 200)))
    left.save(tmp_path / "a.mpo", format="MPO", save_all=True, append_images=[right])
    assert np.asarray(decoded(tmp_path / "a.mpo"))[8, 8].argmax() == 0


@pytest.mark.parametrize(
    ("train", "test"), [("training_set", "test_set"), ("train2017", "test2017"), ("Train images", "TEST-images")]
)
def test_parts_of_decorated_names_are_parts(train: str, test: str, tmp_path: Path) -> None:
    pictures(*(tmp_path / part / label for part in (train, test) for label in ("cat", "dog")))
    split = dataset(tmp_path).split()
    assert split.classes == ("cat", "dog") and split.counts("test") == (12, 12)
    assert all(name.startswith(test) for name in split.names("test"))


def test_parts_below_each_class_are_parts(tmp_path: Path) -> None:
    pictures(*(tmp_path / label / part for part in ("train", "val", "test") for label in ("cat", "dog")))
    split = dataset(tmp_path).split()
    assert split.classes == ("cat", "dog") and split.counts("val") == (12, 12)
    assert all("/test/" in name for name in split.names("test"))
    pictures(tmp_path / "owl" / "train")
    assert "owl: other classes have subfolders" in complaint(tmp_path) and "it has no test" in complaint(tmp_path)
    pictures(tmp_path / "owl" / "val", tmp_path / "owl" / "test", tmp_path / "owl" / "more")
    assert "more beside them is none" in complaint(tmp_path)


@pytest.mark.parametrize("other", ["testA", "held out"])
def test_classes_that_are_parts_of_another_name_are_refused(other: str, tmp_path: Path) -> None:
    train = "trainA" if other == "testA" else "train"
    pictures(*(tmp_path / part / label for part in (train, other) for label in ("cat", "dog")))
    said = complaint(tmp_path)
    assert train in said and other in said and "look like parts, not like classes" in said


def test_trains_are_a_class_like_others(tmp_path: Path) -> None:
    pictures(tmp_path / "bus", tmp_path / "train", tmp_path / "trainer", tmp_path / "valley")
    assert {*dataset(tmp_path).split().classes} == {"bus", "train", "trainer", "valley"}
