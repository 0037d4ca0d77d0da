"""Images that a csv or lists name become a dataset; what is guessed is said, what is wrong is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.dataset import Split
from bench.datasets.folder import FolderDataset
from bench.errors import DataError


def pictures(root: Path, size: int = 30) -> list[str]:
    names = [f"scan {i:02d}.png" for i in range(size)]
    for i, name in enumerate(names):
        path = root / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(path)
    return names


def label(i: int) -> str:
    return "sane" if i % 3 else "Größe 日本"


def table(root: Path, text: str, encoding: str = "utf8") -> Path:
    path = root / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def split(root: Path, **options: Any) -> Split:
    return FolderDataset("mine", root, **{"labels": root / "labels.csv", **options}).split()


@pytest.mark.parametrize(
    ("delimiter", "ends", "header", "encoding"),
    [
        (",", "\n", "filename,label", "utf-8-sig"),
        (";", "\r\n", "Image Path;Diagnosis", "utf8"),
        ("\t", "\n", "id\tdx", "utf-16"),
        ("|", "\n", "", "utf8"),
    ],
)
def test_any_usual_csv_is_read_and_what_was_guessed_is_said(
    delimiter: str, ends: str, header: str, encoding: str, tmp_path: Path
) -> None:
    rows = [f"raw/{name}{delimiter}{label(i)}" for i, name in enumerate(pictures(tmp_path))]
    table(tmp_path, ends.join([*([header] if header else []), *rows, "", ""]), encoding)
    found = split(tmp_path)
    assert found.classes == ("sane", "Größe 日本") and len(found.names()) == 30
    assert "(files and classes guessed)" in found.note and "raw/scan 00.png" in found.names()


@pytest.mark.parametrize("cell", ["scan {:02d}", "scan {:02d}.png", "raw/scan {:02d}", ".\\raw\\scan {:02d}.png"])
def test_a_file_may_be_named_without_its_folder_or_ending(cell: str, tmp_path: Path) -> None:
    pictures(tmp_path)
    table(tmp_path, "image,class\n" + "".join(f"{cell.format(i)},{label(i)}\n" for i in range(30)))
    assert sorted(split(tmp_path).names())[0] == "raw/scan 00.png"


def test_names_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "raw" / "scan 00.png").rename(tmp_path / "raw" / "Cafe\u0301 00.PNG")  # as another system codes it
    rows = ["Caf\u00e9 00.png," + label(0), *(f"scan {i:02d}.png,{label(i)}" for i in range(1, 30))]
    table(tmp_path, "\n".join(["file,label", *rows]))
    assert "raw/Cafe\u0301 00.PNG" in split(tmp_path).names()


def test_classes_of_nearly_one_name_are_pointed_at_and_too_small_ones_counted(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    kinds = ("Sane", "ill", "sane")
    table(tmp_path, "\n".join(["file,label", *(f"{name},{kinds[i % 3]}" for i, name in enumerate(names))]))
    assert "Classes have nearly one name: 'Sane', 'sane'" in split(tmp_path).note
    table(tmp_path, "\n".join(["file,label", *(f"{name},{i // 5}" for i, name in enumerate(names))]))
    with pytest.raises(DataError, match=r"class '0' has 5 images; it needs 10 \(5 more of 6 classes have too few\)"):
        split(tmp_path)


def test_one_column_a_class_is_read_too(tmp_path: Path) -> None:
    marks = {True: "1.0,0.0,0.0", False: "0.0,1.0,0.0"}
    rows = [f"{name},{marks[i % 3 == 0]}" for i, name in enumerate(pictures(tmp_path))]
    table(tmp_path, "\n".join(["image,mole,wart,other", *rows]))
    found = split(tmp_path)
    assert found.classes == ("wart", "mole") and "classes from the 3 columns of 0 and 1" in found.note
    table(tmp_path, "\n".join(["image,mole,wart,other,is_test", *(f"{row},{i % 2}" for i, row in enumerate(rows))]))
    assert split(tmp_path).classes == ("wart", "mole") and "'is_test' is not taken for parts" in split(tmp_path).note
    table(tmp_path, "\n".join(["image,mole,wart,other", *rows[:-1], rows[-1].replace("1.0,0.0", "1.0,1.0")]))
    with pytest.raises(DataError, match=r"line 31: 2 of 3 classes marked"):
        split(tmp_path)


def test_a_column_of_parts_is_taken_as_given(tmp_path: Path) -> None:
    parts = ["training", "Valid", "test", "train", "train"]
    rows = [f"{name},{label(i)},{parts[i % 5]}" for i, name in enumerate(pictures(tmp_path))]
    table(tmp_path, "\n".join(["file,label,fold", *rows]))
    found = split(tmp_path, columns={"part": "fold"})
    assert [sum(found.counts(part)) for part in ("train", "val", "test")] == [18, 6, 6]
    table(tmp_path, "\n".join(["file,label,split", *rows[:-1], "scan 29.png,sane,trian"]))
    with pytest.raises(DataError, match=r"line 31: unknown part 'trian': did you mean 'train'"):
        split(tmp_path, columns={"part": "split"})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("scan 03.png,wart", r"scan 03.png is .*'Größe 日本' in line 5 and 'wart' in line 32; an image has one class"),
        ("scan 99.png,sane", r"line 32: no file 'scan 99.png' below"),
        ("scan 99.png,owl", r"class 'owl' would vanish: none of its 1 files"),
        ("scan 03.png", r"line 32 has 1 fields, the first row has 2"),
        ("scan 03.png,", r"line 32: no class"),
        ("../secret.png,sane", r"line 32: '../secret.png' lies outside of"),
        ('"scan 03.png,sane', r"line 32: unexpected end of data; is a quote not closed"),
    ],
)
def test_a_wrong_row_is_one_line_that_names_it(line: str, complaint: str, tmp_path: Path) -> None:
    root = tmp_path / "images"
    rows = [f"{name},{label(i)}" for i, name in enumerate(pictures(root))]
    (tmp_path / "secret.png").write_bytes((root / "raw" / "scan 00.png").read_bytes())
    table(root, "\n".join(["file,label", *rows, line]))
    with pytest.raises(DataError, match=complaint) as error:
        split(root)
    assert "\n" not in str(error.value)


def test_rows_without_a_file_and_files_without_a_row_are_counted(tmp_path: Path) -> None:
    rows = [f"{name},{label(i)}" for i, name in enumerate(pictures(tmp_path))]
    table(tmp_path, "\n".join(["file,label", *rows[:-1], rows[0], "gone.png,sane"]))
    note = split(tmp_path, damaged="skip").note
    assert "1 rows name a file again" in note and "1 rows name no file, such as 'gone.png': left out" in note
    assert "1 images in" in note and "are in no row, such as raw/scan 29.png" in note


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("", {}, "no rows"),
        ("file,label\n", {}, "a header, but no rows"),
        ("file\nscan 00.png\n", {}, r"one column alone \('file'\)"),
        ("file,age,sex\nscan 00.png,1,2\n", {}, "which column is the class.*there is age, sex"),
        ("file,label\nx.png,a\n", {}, "no column names files below .*the first row: x.png, a"),
        (
            "file,label\nscan 00.png,a\n",
            {"columns": {"class": "lable"}},
            "unknown column 'lable': did you mean 'label'",
        ),
        ("file,label\nscan 00.png,a\n", {"group": "patient"}, "unknown column 'patient'"),
        ("file,label,label\nscan 00.png,a,b\n", {}, "two columns are called 'label'"),
        ("file,label\nscan 00.png,a\n", {}, "needs at least two classes; it has 1"),
    ],
)
def test_a_csv_that_says_too_little_is_one_line(
    text: str, options: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    pictures(tmp_path, 3)
    table(tmp_path, text)
    with pytest.raises(DataError, match=complaint):
        split(tmp_path, **options)


def test_a_name_that_fits_two_files_is_refused(tmp_path: Path) -> None:
    rows = [f"{name},{label(i)}" for i, name in enumerate(pictures(tmp_path))]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "scan 04.png").write_bytes((tmp_path / "raw" / "scan 00.png").read_bytes())
    table(tmp_path, "\n".join(["file,label", *rows]))
    with pytest.raises(DataError, match=r"line 6: 'scan 04.png' is other/scan 04.png or raw/scan 04.png"):
        split(tmp_path)


def test_a_list_of_files_a_class(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    lists = {"healthy": tmp_path / "h.txt", "ill": tmp_path / "i.txt"}
    lists["healthy"].write_text("# those without a finding\n" + "\n".join(names[:18]), encoding="utf8")
    lists["ill"].write_text("\r\n".join(names[18:]) + "\r\n", encoding="utf8")
    found = FolderDataset("mine", tmp_path, lists=lists).split()
    assert found.classes == ("healthy", "ill") and len(found.names()) == 30
    lists["ill"].write_text(names[0], encoding="utf8")
    with pytest.raises(DataError, match=r"i.txt: line 1: raw/scan 00.png is in the list of 'healthy' too"):
        FolderDataset("mine", tmp_path, lists=lists).split()
    lists["ill"].write_text("gone.png\n", encoding="utf8")
    with pytest.raises(DataError, match=r"i.txt: line 1: no file 'gone.png'"):
        FolderDataset("mine", tmp_path, lists=lists).split()
    with pytest.raises(DataError, match="the class 'ill' would vanish"):
        FolderDataset("mine", tmp_path, lists=lists, damaged="skip").split()


def test_a_column_that_names_parts_and_something_else_is_refused(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    kinds = ("train", "test", "holdout")
    table(tmp_path, "image,label,split\n" + "".join(f"{n},{label(i)},{kinds[i % 3]}\n" for i, n in enumerate(names)))
    with pytest.raises(DataError, match="column 'split' names parts, but 'holdout' is none"):
        split(tmp_path)
    table(tmp_path, "image,label,split\n" + "".join(f"{n},{label(i)},fold{i % 3}\n" for i, n in enumerate(names)))
    assert "near duplicates stay in one part" in split(tmp_path).note


def test_a_column_that_may_be_groups_is_pointed_at(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    table(tmp_path, "image,label,Patient ID\n" + "".join(f"{n},{label(i)},{i // 3}\n" for i, n in enumerate(names)))
    assert "images share the 10 values of 'Patient ID'" in split(tmp_path).note
    assert "say group" not in split(tmp_path, group="Patient ID").note
    table(tmp_path, "image,label,patient\n" + "".join(f"{n},{label(i)},{i}\n" for i, n in enumerate(names)))
    assert "say group" not in split(tmp_path).note  # one image each


def test_a_spreadsheet_and_a_ragged_row_are_named(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DataError, match="a spreadsheet, not text; save it as csv"):
        split(tmp_path)
    table(tmp_path, "image,label\n" + "".join(f"{n},{label(i)}{',x' * (i == 4)}\n" for i, n in enumerate(names)))
    with pytest.raises(DataError, match="line 6 has 3 fields, the first row has 2"):
        split(tmp_path)


@pytest.mark.parametrize(
    ("header", "rest"), [("file,label,split", ("train", "test")), ("file,label,patient", ("p1", "p2"))]
)
def test_an_image_has_one_part_and_one_group(header: str, rest: tuple[str, str], tmp_path: Path) -> None:
    names = pictures(tmp_path)
    kinds = ("train", "val", "test") if "split" in header else ("p1", "p2", "p3")
    rows = [f"{name},{label(i)},{kinds[i // 3 % 3]}" for i, name in enumerate(names)]
    table(tmp_path, "\n".join([header, *rows, f"{names[0]},{label(0)},{rest[1]}"]))
    with pytest.raises(DataError, match=rf"labels.csv: line 32: the (part|group) of raw/scan 00.png is '{rest[1]}'"):
        split(tmp_path, **({} if "split" in header else {"group": "patient"}))


def test_a_text_too_long_for_a_name_is_no_file(tmp_path: Path) -> None:
    rows = [f"{'long ' * 90},{name},{label(i)}" for i, name in enumerate(pictures(tmp_path))]
    table(tmp_path, "\n".join(["caption,picture,class", *rows]))
    assert len(split(tmp_path).names()) == 30


def test_another_seed_or_another_list_is_another_split(tmp_path: Path) -> None:
    names = pictures(tmp_path)
    table(tmp_path, "\n".join(["file,label", *(f"{name},{label(i)}" for i, name in enumerate(names))]))
    asked = {FolderDataset("mine", tmp_path, labels=tmp_path / "labels.csv", seed=seed)._asked() for seed in (0, 1)}
    lists = {kind: tmp_path / f"{kind}.txt" for kind in ("a", "b")}
    for text in ("scan 00.png\n", "scan 01.png\n"):
        for path in lists.values():
            path.write_text(text)
        asked.add(FolderDataset("mine", tmp_path, lists=lists)._asked())
    assert len(asked) == 4
