"""The index of a report names the pictures that are there, wherever the folder goes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bench.report.emit import INDEX, PICTURES, write
from bench.report.pictures.picture import Picture
from bench.report.report import Report

COMMITTED = Path(__file__).resolve().parents[2] / "reports"


def linked(index: Path) -> list[str]:
    return re.findall(rf"\(({PICTURES}/[^)]*)\)", index.read_text(encoding="utf8"))


def test_the_index_lists_this_reports_pictures_and_none_that_may_not_be_passed_on(tmp_path: Path) -> None:
    drawn = [Picture("d_cost", b"png", "", ""), Picture("h_translations", b"png", "", "", shows_images=True)]
    old = tmp_path / PICTURES / "old.png"
    old.parent.mkdir()
    old.write_bytes(b"png")
    write(Report("", "", "cpu", pictures=tuple(drawn)), tmp_path)
    text = (tmp_path / INDEX).read_text(encoding="utf8")
    assert linked(tmp_path / INDEX) == ["pictures/d_cost.png"] and "h_translations" not in text and "old" not in text
    assert "pictures that show images of a dataset and stay where they were drawn: 1" in text


def test_pages_that_are_none_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("# Of an earlier report\n")
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe")
    write(Report("", "", "cpu"), tmp_path)
    text = (tmp_path / INDEX).read_text(encoding="utf8")
    assert "[Of an earlier report](old.md)" in text
    assert [name for name in ("folder", "pipe", "loop", "bytes") if f"{name}.md" in text] == []


def test_every_picture_that_a_committed_index_lists_is_there() -> None:
    indexes = list(COMMITTED.glob(f"*/{INDEX}"))
    assert indexes and any(linked(index) for index in indexes)
    for index in indexes:
        assert [name for name in linked(index) if not (index.parent / name).is_file()] == []
        assert "picture: `" not in index.read_text(encoding="utf8")
