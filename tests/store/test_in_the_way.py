"""What stands in the way of records and artifacts is told or out of the way, and none is read that cannot be one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_records import small_record

from bench.errors import StoreError
from bench.store.artifacts import DIGEST, Weights
from bench.store.store import Store


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "outside")


PLACES = {"a file": Path.touch, "a pipe": os.mkfifo, "a link to itself": loop, "a link that leads nowhere": dangling}


@pytest.mark.parametrize("kind", PLACES)
def test_what_stands_where_a_folder_has_to_be_is_named_and_out_of_the_way_before_the_work(
    tmp_path: Path, kind: str
) -> None:
    record = small_record(0)
    store = Store(tmp_path / "results")
    odd = [store.root / "records" / record.id[:2], store.root / "stages" / record.id]
    for path in odd:
        path.parent.mkdir(parents=True)
        PLACES[kind](path)
        (path.parent / "notes").touch()  # somebody's own
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (store.root / "stages" / "ab").symlink_to(elsewhere)
    store.prepare()
    assert [file.path for file in store.set_aside] == [*map(str, odd)]
    store.save(record)
    weights = Weights(store.root)
    for id in (record.id, "ab"):
        weights.checkpoint(id, "0" * 64).save({"step": torch.ones(1)})
        weights.save(id, {"weight": torch.ones(1)})
    assert Store(store.root).get(record.id) == record and len([*elsewhere.iterdir()]) == 2
    for path in odd:
        assert {it.name for it in path.parent.iterdir()} - {"ab"} == {path.name, f"{path.name}.aside1", "notes"}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("room", ["records", "stages", "splits", "claims", "aside"])
def test_a_room_that_is_no_folder_is_told_before_the_work(tmp_path: Path, room: str, kind: str) -> None:
    (root := tmp_path / "a" / "b").mkdir(parents=True)
    PLACES[kind](root / room)
    with pytest.raises(StoreError, match=f"{room}: no folder, or a link to none"):
        Store(root).prepare()


@pytest.mark.parametrize("first", [Path.touch, Path.mkdir])
def test_a_folder_is_moved_aside_beside_what_was_moved_there_before(
    tmp_path: Path, first: Callable[[Path], None]
) -> None:
    weights = Weights(tmp_path)
    path = weights.save("ab", {"a": torch.ones(1)})
    path.unlink()
    (tmp_path / "aside").mkdir()
    first(tmp_path / "aside" / f"ab-{path.name}")
    for _ in range(2):
        path.mkdir()
        (path / "file").touch()
        assert weights.find("ab") is None
    assert weights.set_aside == [path, path] and len([*(tmp_path / "aside").iterdir()]) == 3
    assert weights.save("ab", {"a": torch.ones(1)}) == path == weights.find("ab")


def sparse(path: Path, size: int) -> None:
    """Make a file of holes under a header that tells of so many bytes."""
    told = {DIGEST: "0" * 64}
    header = json.dumps({"__metadata__": told, "a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode())
    os.truncate(path, 8 + len(header) + size)


@pytest.mark.parametrize("size", [10, 1 << 40])
def test_an_artifact_of_holes_whose_header_fits_is_set_aside_without_being_in_memory(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Weights(tmp_path)
    sparse(path := tmp_path / "stages" / "ab" / "artifact-0123456789abcdef.safetensors", size)
    monkeypatch.setattr("bench.store.artifacts.digest_of", lambda *_: pytest.fail("it is in memory"))
    assert weights.find("ab") is None and weights.set_aside == [path]
    sparse((checkpoint := weights.checkpoint("ab", "0" * 64)).path, 1 << 40)
    assert checkpoint.load() is None and weights.set_aside == [path, checkpoint.path]


@pytest.mark.parametrize("error", [RuntimeError("unable to mmap"), MemoryError()])
def test_what_this_machine_cannot_read_is_set_aside(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Weights(tmp_path)
    path = weights.save("ab", {"a": torch.ones(3)})
    (checkpoint := weights.checkpoint("ab", "0" * 64)).save({"step": torch.ones(1)})

    def refused(*_: object) -> str:
        raise error

    monkeypatch.setattr("bench.store.artifacts.digest_of", refused)
    assert weights.find("ab") is None and checkpoint.load() is None
    assert weights.set_aside == [path, checkpoint.path]
