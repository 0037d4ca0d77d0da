"""Which column of a csv is taken for what is said, and none that may divide the images is passed over silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.data.census import census
from bench.data.splits import keep_split
from bench.dataset import Split
from bench.datasets.folder import FolderDataset
from bench.errors import DataError

PARTS = ("Train", "dev", "TEST")


def table(root: Path, header: str, rows: list[str]) -> None:
    """Write pictures, and a csv of a row for each: its name, its class and what else is given."""
    lines = [f"file,label,{header}"]
    for i, row in enumerate(rows):
        noise = np.random.default_rng(i).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).save(root / f"{i:02d}.png")
        lines.append(f"{i:02d}.png,{'sane' if i // 3 % 2 else 'ill'},{row}")
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf8")


def dataset(root: Path, **options: Any) -> FolderDataset:
    return FolderDataset("mine", root, labels=root / "labels.csv", **options)


def split(root: Path, **options: Any) -> Split:
    return dataset(root, **options).split()


def numbered(root: Path, header: str, row: str) -> None:
    """Write 30 pictures called 0.png to 29.png, and a csv of the same in another order, each row with its number."""
    lines = [header]
    for i in range(30):
        noise = np.random.default_rng(i).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).save(root / f"{i}.png")
        lines.append(row.format(number=29 - i, i=i, label="sane" if i < 15 else "ill"))
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf8")


@pytest.mark.parametrize("header", [",photo,label", "id,picture,label", "name,scan,label"])
def test_numbers_of_rows_are_not_taken_for_pictures_that_are_called_so(header: str, tmp_path: Path) -> None:
    numbered(tmp_path, header, "{number},{i}.png,{label}")
    found = split(tmp_path)
    for label in found.classes:
        mine = [int(it.removesuffix(".png")) for part in ("train", "val", "test") for it in found.parts[part][label]]
        assert all((i < 15) == (label == "sane") for i in mine) and len(mine) == 15
    assert f"files from {header.split(',')[1]!r}" in found.note


def test_two_columns_that_name_other_files_are_refused_and_a_told_one_is_taken(tmp_path: Path) -> None:
    numbered(tmp_path, "id,scan,label", "{number},{i},{label}")
    with pytest.raises(DataError, match=r"columns 'id' and 'scan' both name files, .*say columns = \{ file = "):
        split(tmp_path)
    assert "files from 'scan'" in split(tmp_path, columns={"file": "scan"}).note
    numbered(tmp_path, "id,scan,label", "{i},{i},{label}")
    assert {*split(tmp_path).classes} == {"ill", "sane"}, "both name the same"


def test_a_header_stays_one_where_a_picture_is_called_like_a_column(tmp_path: Path) -> None:
    numbered(tmp_path, "image,label", "{i}.png,{label}")
    Image.new("RGB", (12, 12), (200, 0, 0)).save(tmp_path / "label.jpg")
    assert {*split(tmp_path).classes} == {"sane", "ill"}


def test_a_quote_that_takes_in_other_rows_is_refused_and_a_note_of_two_lines_is_not(tmp_path: Path) -> None:
    numbered(tmp_path, "file,label,note", "{i}.png,{label},fine")
    text = (tmp_path / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(text.replace("10.png,sane,fine", '10.png,sane,"blurred, never closed'))
    with pytest.raises(DataError, match=r"labels.csv: line 12: unexpected end of data; is a quote not closed\?"):
        split(tmp_path)
    closed = text.replace("10.png,sane,fine", '10.png,sane,"blurred').replace("20.png,ill,fine", '20.png,ill,fine"')
    (tmp_path / "labels.csv").write_text(closed)
    with pytest.raises(DataError, match=r"labels.csv: line 12: a quote takes in the rows after it, such as that of 11"):
        split(tmp_path)
    (tmp_path / "labels.csv").write_text(text.replace("10.png,sane,fine", '10.png,sane,"blurred,\nold, dirty, torn"'))
    assert sum(sum(split(tmp_path).counts(part)) for part in ("train", "val", "test")) == 30


@pytest.mark.parametrize("header", ["fold", "data_split", "Dataset", "Split Name", "cv", "mode", "purpose", "category"])
def test_a_column_of_parts_is_known_by_what_it_holds(header: str, tmp_path: Path) -> None:
    table(tmp_path, f"age,{header}", [f"{i},{PARTS[i % 3]}" for i in range(30)])
    found = split(tmp_path)
    assert [sum(found.counts(part)) for part in ("train", "val", "test")] == [10, 10, 10]
    assert f"parts from {header!r} (files and classes and parts guessed)" in found.note
    assert "columns not used: 'age'" in found.note
    drawn = split(tmp_path, columns={"part": ""})
    assert "Drawn from the images" in drawn.note and f"columns not used: 'age', {header!r}" in drawn.note


@pytest.mark.parametrize("stray", ["trian", ""])
def test_a_column_of_parts_but_for_a_stray_value_is_refused_by_its_line(stray: str, tmp_path: Path) -> None:
    table(tmp_path, "fold", [stray if i == 4 else PARTS[i % 3] for i in range(30)])
    with pytest.raises(
        DataError, match=rf"line 6: column 'fold' names parts, but '{stray}' is none; rename it, or say"
    ):
        split(tmp_path)
    assert "Drawn from the images" in split(tmp_path, columns={"part": ""}).note


def test_a_table_that_changed_since_is_said_to_have(tmp_path: Path) -> None:
    table(tmp_path, "age", [str(i) for i in range(30)])
    keep_split(dataset(tmp_path))
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(
        DataError, match=r"labels.csv has changed since: delete that file to draw anew, or put the table"
    ):
        split(tmp_path)


def test_two_columns_of_other_parts_are_refused_and_of_the_same_are_one(tmp_path: Path) -> None:
    table(tmp_path, "split,fold", [f"{PARTS[i % 3]},{PARTS[-i % 3]}" for i in range(30)])
    with pytest.raises(DataError, match=r"columns 'split' and 'fold' name parts, .*say columns = \{ part = ") as error:
        split(tmp_path)
    assert "\n" not in str(error.value)
    assert sum(split(tmp_path, columns={"part": "fold"}).counts("test")) == 10
    table(tmp_path, "fold,split", [f"{PARTS[i % 3]},{PARTS[i % 3].upper()}" for i in range(30)])
    assert "parts from 'split'" in split(tmp_path).note


@pytest.mark.parametrize(
    ("header", "values", "shown"),
    [
        ("split", "0123", "'0', '1', '2', ..."),
        ("is_test", ("True", "False"), "'False', 'True'"),
        ("cohort", ("train", "test", "held out"), "'held out', 'test', 'train'"),
    ],
)
def test_a_column_that_may_be_meant_as_parts_is_pointed_at(
    header: str, values: tuple[str, ...], shown: str, tmp_path: Path
) -> None:
    table(tmp_path, header, [values[i % len(values)] for i in range(30)])
    warnings = census(dataset(tmp_path)).warnings
    assert any(f"{header!r} is not taken for parts, since it holds {shown};" in it for it in warnings)


def test_of_many_columns_that_are_not_used_some_are_named(tmp_path: Path) -> None:
    table(tmp_path, ",".join(f"a{k}" for k in range(40)), [",".join([str(i)] * 40) for i in range(30)])
    assert "columns not used: 'a0', 'a1'" in split(tmp_path).note and "'a9' and 30 more" in split(tmp_path).note


def test_a_class_called_like_others_is_no_part_and_nothing_else_is_a_class(tmp_path: Path) -> None:
    table(tmp_path, "patient", [str(i // 3) for i in range(30)])
    text = (tmp_path / "labels.csv").read_text().replace("sane", "train").replace("ill", "test")
    (tmp_path / "labels.csv").write_text(text)
    assert split(tmp_path).classes == ("test", "train")


def test_a_class_of_two_lines_is_refused_in_one(tmp_path: Path) -> None:
    table(tmp_path, "age", ["1"] * 30)
    text = (tmp_path / "labels.csv").read_text().replace("sane", '"sa\nne"')
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=r"class 'sa\\nne' holds a line break") as error:
        split(tmp_path)
    assert "\n" not in str(error.value)
