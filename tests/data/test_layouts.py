"""Folders in folders: parts are known by their names, and what may be the classes one level deeper is asked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.datasets.folder import FolderDataset
from bench.errors import DataError


def pictures(root: Path, *folders: str, size: int = 12) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(size):
            noise = np.random.default_rng([i, *folder.encode()]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / folder / f"{i}.png")


def crossed(outer: tuple[str, ...], inner: tuple[str, ...]) -> list[str]:
    return [f"{one}/{other}" for one in outer for other in inner]


def dataset(root: Path, group: str = "") -> FolderDataset:
    return FolderDataset("mine", root, group=group)


def complaint(root: Path, group: str = "") -> str:
    with pytest.raises(DataError) as refused:
        dataset(root, group).split()
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{root}: ")


@pytest.mark.parametrize("outer", [("site A", "site B"), ("fold1", "fold2", "fold3"), ("2021", "2022")])
def test_folders_that_hold_the_same_folders_are_asked_about(outer: tuple[str, ...], tmp_path: Path) -> None:
    pictures(tmp_path, *crossed(outer, ("cat", "dog", "ship")))
    said = complaint(tmp_path)
    assert said.startswith(f"{outer[0]} and {outer[1]} hold the same folders cat, dog, ship: are those the classes?")


def test_two_folders_of_one_name_are_enough_to_ask_whatever_their_case(tmp_path: Path) -> None:
    pictures(tmp_path, "a/cat", "a/dog", "a/owl", "b/Cat", "b/Dog", "b/ant", "c")
    assert "a and b hold the same folders cat, dog: " in complaint(tmp_path)
    (tmp_path / "b" / "Dog").rename(tmp_path / "b" / "yak")
    assert dataset(tmp_path).split().classes == ("a", "b", "c")


def test_the_same_is_asked_below_given_parts_and_of_a_part_beside_classes(tmp_path: Path) -> None:
    pictures(tmp_path / "parts", *crossed(("train", "test"), tuple(crossed(("x", "y"), ("cat", "dog")))))
    assert "x and y hold the same folders cat, dog" in complaint(tmp_path / "parts")
    pictures(tmp_path / "beside", "cat", "dog", "held out/cat", "held out/dog")
    assert "beside and held out hold the same folders cat, dog" in complaint(tmp_path / "beside")


def test_a_group_that_speaks_of_folders_says_that_they_are_no_classes(tmp_path: Path) -> None:
    sites = tuple(f"site {k}" for k in range(6))
    pictures(tmp_path, *crossed(("cat", "dog"), sites), size=4)
    asked = complaint(tmp_path)
    by_site, each = asked.split("group = '")[1].split("'")[0], asked.split("group = '")[2].split("'")[0]
    assert "6 groups, none in two parts" in dataset(tmp_path, by_site).split().note
    assert "48 groups, none in two parts" in dataset(tmp_path, each).split().note


@pytest.mark.parametrize("named", [("1_train", "2_val", "3_test"), ("01-Train", "02-Valid", "03-Test")])
def test_parts_may_be_numbered(named: tuple[str, ...], tmp_path: Path) -> None:
    pictures(tmp_path, *crossed(named, ("cat", "dog")))
    split = dataset(tmp_path).split()
    assert split.classes == ("cat", "dog") and split.counts("val") == split.counts("test") == (12, 12)


def test_parts_without_training_are_no_classes(tmp_path: Path) -> None:
    pictures(tmp_path / "outside", *crossed(("val", "test"), ("cat", "dog")))
    assert "test and val are parts, and there is no train beside them" in complaint(tmp_path / "outside")
    pictures(tmp_path / "inside", *crossed(("cat", "dog"), ("val", "test")))
    assert "cat: test and val are parts, and there is no train" in complaint(tmp_path / "inside")


def test_pictures_beside_what_detectors_are_told_of_them(tmp_path: Path) -> None:
    pictures(tmp_path, *crossed(("images",), tuple(crossed(("train", "val"), ("cat", "dog")))))
    for part in ("train", "val"):
        (tmp_path / "labels" / part).mkdir(parents=True)
        (tmp_path / "labels" / part / "0.txt").write_text("0 0.5 0.5 1 1")
    said = complaint(tmp_path)
    assert f'images in it has train and val, and labels holds no image: say folder = "{tmp_path / "images"}"' in said
    assert dataset(tmp_path / "images").split().classes == ("cat", "dog")
