"""A user's own folder becomes a dataset that stays as it was, or one clear line says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.carving import UNPROTECTED
from bench.data.check import check
from bench.data.decoding import picture_of
from bench.data.splits import keep_split
from bench.dataset import PARTS, natural, rare
from bench.datasets.folder import FolderDataset
from bench.errors import DataError, StoreError


def picture(path: Path, seed: int | list[int], size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def folders(root: Path, **sizes: int) -> Path:
    for label, size in sizes.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        for i in range(size):
            picture(root / label / f"{i:03d}.png", seed=[*label.encode(), i])
    return root


def test_folder_split_stays_as_it_was_when_images_are_added(tmp_path: Path) -> None:
    root = folders(tmp_path, cat=40, dog=20, owl=30)
    first = FolderDataset("mine", root)
    split, edition = first.split(), first.edition
    assert sorted(path.name for path in root.iterdir()) == ["cat", "dog", "owl"]  # looking writes nothing
    assert keep_split(first) == first.split_file and keep_split(first) is None
    assert split.classes == ("cat", "owl", "dog")
    assert {part: split.counts(part) for part in PARTS} == {
        "train": (28, 22, 14),
        "val": (6, 4, 3),
        "test": (6, 4, 3),
        "spare": (0, 0, 0),
    }
    assert first.imbalances == tuple(map(rare, (1, 3, 7, 14))) and first.classes == split.classes
    picture(root / "dog" / "new.png", 1)
    again = FolderDataset("mine", root, (natural(),))
    assert again.split().digest == split.digest and again.edition == edition and again.imbalances == (natural(),)
    assert FolderDataset("mine", root, seed=1).split().digest != split.digest


def test_of_nearly_equal_classes_the_smallest_decides_what_can_be_asked(tmp_path: Path) -> None:
    dataset = FolderDataset("mine", folders(tmp_path, cat=90, dog=89))
    left = dataset.split().counts("train")
    assert left[-1] > min(left), "rounding leaves the smaller class more"
    assert [min(it.counts(left)) for it in dataset.imbalances] == [left[0] // 8, left[0] // 4, left[0] // 2, left[0]]


def test_a_split_that_was_kept_unseen_is_drawn_anew_to_leave_out_what_is_damaged(tmp_path: Path) -> None:
    root = folders(tmp_path, cat=20, dog=20)
    (root / "cat" / "007.png").write_bytes(b"damaged")
    keep_split(FolderDataset("mine", root, near_duplicates="off"))
    later = FolderDataset("mine", root, near_duplicates="off", damaged="skip")
    with pytest.raises(DataError, match=r"now asks for .*damaged left out: delete that file to draw anew"):
        later.split()
    later.split_file.unlink()
    assert "1 damaged images are left out: cat/007.png" in later.split().note


def test_folder_with_other_pixels_is_another_edition(tmp_path: Path) -> None:
    root = folders(tmp_path, cat=12, dog=12)
    before = FolderDataset("mine", root)
    keep_split(before)
    assert {finding.level for finding in check(before, before.split())} == {"ok"}
    picture(root / "cat" / "003.png", 999)
    levels = {finding.subject: finding for finding in check(before, before.split())}
    assert levels["digests"].level == "error" and levels["digests"].names == ("cat/003.png",)
    edition = before.edition
    before.split_file.unlink()
    assert FolderDataset("mine", root).edition != edition


def test_folder_keeps_copies_in_one_part(tmp_path: Path) -> None:
    root = folders(tmp_path, cat=30, dog=30)
    for i in range(10):
        with Image.open(root / "dog" / f"{i:03d}.png") as image:
            image.save(root / "dog" / f"copy{i}.jpg", quality=70)
    split = FolderDataset("mine", root).split()
    home = {name: part for part in PARTS for name in split.names(part)}
    assert all(home[f"dog/{i:03d}.png"] == home[f"dog/copy{i}.jpg"] for i in range(10))
    assert "near duplicates" in split.note


def test_folder_of_pictures_that_are_all_alike_can_still_be_split(tmp_path: Path) -> None:
    base = np.random.default_rng(0).integers(0, 200, (32, 32, 3), dtype=np.uint8)
    for i in range(24):
        path = tmp_path / ("cat" if i % 2 else "dog") / f"{i:03d}.png"
        path.parent.mkdir(exist_ok=True)
        base[0, 0] += 1
        Image.fromarray(base).save(path)
    dataset = FolderDataset("mine", tmp_path)
    assert UNPROTECTED in dataset.split().note
    found = {finding.subject: finding.level for finding in check(dataset, dataset.split())}
    assert found["split"] == "warning" and found["duplicates"] == "error"


def test_folder_of_one_picture_cannot(tmp_path: Path) -> None:
    for i in range(24):
        picture(tmp_path / ("cat" if i % 2 else "dog") / f"{i:03d}.png", seed=0)
    with pytest.raises(DataError, match="too many near duplicates"):
        FolderDataset("mine", tmp_path).split()


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"cat": 12}, "at least two subfolders"),
        ({"cat": 12, "dog": 9}, "class 'dog' has 9 images; it needs 10"),
        ({"cat": 12, "dog": 12, "owl": 0}, "'owl' would vanish"),
        ({}, "it has 0"),
    ],
)
def test_unusable_folder_is_one_clear_line(sizes: dict[str, int], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=complaint):
        FolderDataset("mine", folders(tmp_path, **sizes)).split()


def test_absent_folder_names_its_section_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\[datasets.mine\] folder"):
        FolderDataset("mine", tmp_path / "nowhere").split()


def test_folder_that_cannot_be_written_to_is_one_clear_line(tmp_path: Path) -> None:
    root = folders(tmp_path / "images", cat=12, dog=12)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write in"):
        keep_split(FolderDataset("mine", root, split_file=tmp_path / "file" / "split.json"))


def test_damaged_image_is_named(tmp_path: Path) -> None:
    root = folders(tmp_path, cat=12, dog=12)
    dataset = FolderDataset("mine", root)
    split = dataset.split()
    whole = (root / "dog" / "004.png").read_bytes()
    (root / "dog" / "004.png").write_bytes(whole[: len(whole) // 2])
    (root / "dog" / "005.png").write_text("not an image")
    (root / "dog" / "006.png").unlink()
    found = {finding.subject: finding for finding in check(dataset, split)}
    assert set(found["decoding"].names) == {"dog/004.png", "dog/005.png"}
    assert found["files"].names == ("dog/006.png",)
    with pytest.raises(DataError, match=r"dog/004\.png"):
        picture_of(dataset, "dog/004.png")
    with pytest.raises(DataError, match=r"dog/006\.png.*delete that to draw anew"):
        picture_of(dataset, "dog/006.png")
