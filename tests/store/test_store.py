"""The store keeps what was written, notices what was changed, and never takes one for the other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from small_records import files_under, only_file_of, small_record

from bench.errors import StoreError
from bench.record import Record
from bench.store.recordtext import readable
from bench.store.remembering import RememberingStore
from bench.store.store import Store


def damage_truncated(text: bytes) -> bytes:
    return text[: len(text) // 2]


def damage_digit(text: bytes) -> bytes:
    return text.replace(b'"selected_epoch": 2', b'"selected_epoch": 3')


def damage_garbage(text: bytes) -> bytes:
    return os.urandom(len(text))


def damage_wrong_id(text: bytes) -> bytes:
    other = small_record(99)
    content = json.loads(readable(other.model_copy(update={"id": small_record(1).id})))
    return json.dumps(content).encode()


def damage_another_record(text: bytes) -> bytes:
    return readable(small_record(99))


def damage_emptied(text: bytes) -> bytes:
    return b""


Damage = Callable[[bytes], bytes]


DAMAGES: list[Damage] = [
    damage_truncated,
    damage_digit,
    damage_garbage,
    damage_wrong_id,
    damage_another_record,
    damage_emptied,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("indexed", [False, True])
def test_damaged_record_is_set_aside_named_and_not_counted(tmp_path: Path, damage: Damage, indexed: bool) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.save(small_record(number))
    if indexed:
        store.summaries()
    path = only_file_of(tmp_path, 1)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)

    later = Store(tmp_path)
    assert later.summaries().keys() == {small_record(0).id, small_record(2).id}
    assert [note.path for note in later.set_aside] == [str(path)]
    assert not path.exists()
    assert [file.read_bytes() for file in (tmp_path / "aside").iterdir()] == [damaged]
    assert later.get(small_record(1).id) is None


def test_two_damaged_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    store, path = Store(tmp_path), only_file_of(tmp_path, 1)
    for damaged in (b"first", b"second", b"first"):
        store.save(small_record(1))
        path.write_bytes(damaged)
        assert store.get(small_record(1).id) is None
    assert {file.read_bytes() for file in (tmp_path / "aside").iterdir()} == {b"first", b"second"}


def test_a_record_in_the_place_of_a_damaged_one_stays_until_another_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path = Store(tmp_path), only_file_of(tmp_path, 1)
    store.save(small_record(1))
    path.write_bytes(b"damaged")
    assert store.get(small_record(1).id) is None
    store.save(small_record(1))

    def dies(*_: object) -> None:
        raise StoreError("killed before it wrote")

    monkeypatch.setattr("bench.store.store.write_atomically", dies)
    with pytest.raises(StoreError):
        store.save(small_record(1, shift=0.01))
    assert Store(tmp_path).get(small_record(1).id) == small_record(1)


def test_record_under_another_name_is_not_counted(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(1))
    path = only_file_of(tmp_path, 1)
    elsewhere = tmp_path / "records" / "zz" / path.name
    elsewhere.parent.mkdir()
    path.rename(elsewhere)
    store = Store(tmp_path)
    assert store.summaries() == {}
    assert len(store.set_aside) == 1


def test_reading_only_moves_and_writes_nothing(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    Store(tmp_path).save(small_record(1))
    only_file_of(tmp_path, 1).write_bytes(b"broken")
    before = files_under(tmp_path)
    store = Store(tmp_path, read_only=True)
    assert store.summaries().keys() == {small_record(0).id}
    assert "parse" in store.set_aside[0].reason
    assert files_under(tmp_path) == before
    with pytest.raises(StoreError, match="reading only"):
        store.save(small_record(2))
    with pytest.raises(StoreError, match="reading only"):
        store.claim("ab")


def test_record_of_a_later_version_is_named_kept_and_never_overwritten(tmp_path: Path) -> None:
    store, path = Store(tmp_path), only_file_of(tmp_path, 1)
    store.save(small_record(1))
    newer = path.read_bytes().replace(b'"schema_version": 2', b'"schema_version": 3')
    path.write_bytes(newer)
    assert store.summaries() == {}
    assert "newer" in store.set_aside[0].reason
    assert path.read_bytes() == newer
    store.save(small_record(1))
    assert [file.read_bytes() for file in (tmp_path / "aside").iterdir()] == [newer]


def test_a_remembering_store_parses_each_record_once_and_writes_nothing(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(1))
    store, id = RememberingStore(tmp_path), small_record(1).id
    first = store.get(id)
    assert first == small_record(1) and store.get(id) is first and [*store.records()] == [first]
    with pytest.raises(StoreError, match="reading only"):
        store.save(small_record(2))


def test_index_is_believed_for_unchanged_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        Store(tmp_path).save(small_record(number))
    first = Store(tmp_path).summaries()
    Store(tmp_path).save(small_record(1, error="later"))
    Store(tmp_path).save(small_record(3))

    store = Store(tmp_path)
    read: list[str] = []

    def watched(path: Path, id: str) -> Record | None:
        read.append(id)
        return Store._read(store, path, id)

    monkeypatch.setattr(store, "_read", watched)
    second = store.summaries()
    assert sorted(read) == sorted([small_record(1).id, small_record(3).id])
    assert second[small_record(1).id].error == "later"
    assert second[small_record(0).id] == first[small_record(0).id]


@pytest.mark.parametrize("body", [None, b"", b"garbage", b"imbench index 1 0000\n[]", "cut", "digit"])
def test_lost_or_damaged_index_is_rebuilt(tmp_path: Path, body: bytes | str | None) -> None:
    for number in range(3):
        Store(tmp_path).save(small_record(number))
    whole = Store(tmp_path).summaries()
    index = tmp_path / "index"
    good = index.read_bytes()
    if body is None:
        index.unlink()
    else:
        changes = {"cut": good[:-20], "digit": good.replace(b'"done"', b'"gone"')}
        index.write_bytes(changes[body] if isinstance(body, str) else body)
    assert Store(tmp_path).summaries() == whole
    assert index.read_bytes() == good


def test_record_that_disappears_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(small_record(0))
    store.summaries()
    only_file_of(tmp_path, 0).unlink()
    assert store.summaries() == Store(tmp_path).summaries() == {}


def test_summary_tells_what_status_needs(tmp_path: Path) -> None:
    record = small_record(
        0, status="failed", error="ValueError: bad\ntraceback", code={"bench.training.fit": "1"}, finished="T"
    )
    Store(tmp_path).save(record)
    summary = Store(tmp_path).summaries()[record.id]
    assert (summary.kind, summary.status, summary.dataset) == ("fit", "failed", "toy")
    assert (summary.error, summary.finished) == ("ValueError: bad", "T")
    assert summary.code_digest == record.code_digest


def test_a_store_that_does_not_exist_is_empty_and_stays_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert store.summaries() == {} and store.get("ab" * 10) is None
    assert not (tmp_path / "nowhere").exists()
