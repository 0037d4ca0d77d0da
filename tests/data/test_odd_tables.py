"""Tables as programs write them, and folders that change after their split was kept: said, or refused by the line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.data.census import census
from bench.data.folders import natural
from bench.data.splits import keep_split
from bench.datasets.folder import FolderDataset
from bench.errors import DataError

ROWS = [f"{i:03d}.png,{'cat' if i % 2 else 'dog'}" for i in range(24)]


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(path)


def tabled(root: Path, rows: list[str], encoding: str = "utf8", **options: str) -> FolderDataset:
    for i in range(24):
        picture(root / f"{i:03d}.png", i)
    (root / "labels.csv").write_bytes("\n".join(rows).encode(encoding))
    return FolderDataset("mine", root, labels=root / "labels.csv", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("blank", ["", "nan", "NaN", "None", "N/A", "null"])
def test_what_is_not_known_is_no_group(blank: str, tmp_path: Path) -> None:
    rows = [f"{row},{blank if i == 4 else i // 2}" for i, row in enumerate(ROWS)]
    with pytest.raises(DataError, match=r"line 6: no 'patient'"):
        tabled(tmp_path, ["file,label,patient", *rows], group="patient").split()


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ("nan", "'nan' may mean that it is not known"),
        ("cat|dog", "'cat|dog' may be several classes"),
        ("Cat ", "nearly one name: 'Cat', 'cat'"),
    ],
)
def test_a_class_that_may_be_none_is_pointed_at(odd: str, words: str, tmp_path: Path) -> None:
    rows = [f"{i:03d}.png,{odd if i < 10 else 'cat' if i < 20 else 'dog'}" for i in range(24)]
    more = [f"{i:03d}.png,dog" for i in range(24, 30)]
    for i in range(24, 30):
        picture(tmp_path / f"{i:03d}.png", i)
    assert words in " ".join(census(tabled(tmp_path, ["file,label", *rows, *more])).warnings)


def test_numbers_spelled_in_two_ways_are_pointed_at(tmp_path: Path) -> None:
    rows = [f"{i:03d}.png,{1 if i < 12 else '1.0'}" for i in range(24)]
    assert "nearly one name: '1', '1.0'" in " ".join(census(tabled(tmp_path, ["file,label", *rows])).warnings)


def test_a_first_row_of_a_file_that_is_gone_is_no_header(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 1: no file 'gone.png'"):
        tabled(tmp_path, ["gone.png,cat", *ROWS]).split()


def test_the_separator_that_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    rows = [row.replace(",", ";") for row in ["file,label", *ROWS]]
    assert tabled(tmp_path, ["sep=;", *rows]).split().counts("train") == (8, 8)
    with pytest.raises(DataError, match=r"line 27: no file 'x.png'"):
        tabled(tmp_path, ["sep=;", *rows, "x.png;cat"]).split()


def test_a_zero_byte_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 1 holds a zero byte, as UTF-16 without its mark does"):
        tabled(tmp_path, ["file,label", *ROWS], encoding="utf-16-le").split()


def test_what_changed_since_the_split_was_kept_is_said(tmp_path: Path) -> None:
    root, kept = tmp_path / "images", tmp_path / "kept.json"
    for i in range(24):
        picture(root / ("cat" if i % 2 else "dog") / f"{i}.png", i)

    def warnings() -> str:
        return " ".join(census(FolderDataset("mine", root, split_file=kept)).warnings)

    keep_split(FolderDataset("mine", root, split_file=kept))
    assert "Since the split was kept" not in warnings()
    (root / "cat" / "1.png").unlink()
    picture(root / "dog" / "0.png", 99)
    picture(root / "cat" / "new.png", 100)
    picture(root / "bird" / "a.png", 101)
    said = warnings()
    assert "one image is gone: cat/1.png" in said and "one image is another image now: dog/0.png" in said
    assert "2 images are in its folder and in no part, such as bird/a.png" in said


def test_a_class_of_thousands_of_digits_is_a_class(tmp_path: Path) -> None:
    long = "7" * 5000
    rows = [f"{i:03d}.png,{long if i % 2 else '10'}" for i in range(24)]
    assert tabled(tmp_path, ["file,label", *rows]).split().classes == ("10", long)


@given(st.lists(st.text("019٣a.B", max_size=5), max_size=6))
def test_names_are_in_the_order_of_the_numbers_in_them(names: list[str]) -> None:
    def by_numbers(name: str) -> list[tuple[int, str]]:
        pieces = re.split(r"(\d+)", name.casefold())
        return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces] + [(-1, name)]

    assert sorted(names, key=natural) == sorted(names, key=by_numbers)
