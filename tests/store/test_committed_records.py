"""What committed records took is read once, and again when a packed file of theirs is another."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_records import small_record

from bench.store import reference
from bench.store.reference import reference_summaries
from bench.store.store import REFERENCE, Store


def packed(folder: Path, name: str, *numbers: int) -> None:
    """Pack records of these numbers into a file of the committed ones."""
    store = Store(folder / "own")
    for number in numbers:
        store.save(small_record(number))
    (folder / REFERENCE).mkdir(exist_ok=True)
    store.pack([small_record(number).id for number in numbers], folder / REFERENCE / f"{name}.jsonl")


def test_packed_files_are_read_again_only_where_they_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo = tmp_path / "cache" / "reference-index"
    packed(tmp_path, "one", 0, 1)
    first = reference_summaries(tmp_path, memo)
    assert first == Store(tmp_path / REFERENCE, read_only=True).summaries() and len(first) == 2
    with monkeypatch.context() as patch:
        patch.setattr(reference, "PackedFiles", None)
        assert reference_summaries(tmp_path, memo) == first
    packed(tmp_path, "two", 2)
    assert len(reference_summaries(tmp_path, memo)) == 3
    (tmp_path / REFERENCE / "one.jsonl").unlink()
    assert reference_summaries(tmp_path, memo).keys() == {small_record(2).id}


@pytest.mark.parametrize("there", ["nothing", "a folder", "another text"])
def test_without_a_memo_they_are_read(tmp_path: Path, there: str) -> None:
    memo = tmp_path / "memo"
    if there == "a folder":
        memo.mkdir()
    elif there == "another text":
        memo.write_text("imbench index 3 ffff\n[]")
    packed(tmp_path, "one", 0)
    assert len(reference_summaries(tmp_path, memo)) == 1
    assert len(reference_summaries(tmp_path, memo)) == 1


def test_where_none_are_committed_there_are_none(tmp_path: Path) -> None:
    assert reference_summaries(tmp_path, tmp_path / "memo") == {}
