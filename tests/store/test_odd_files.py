"""Whatever stands where a file should stand is named and out of the way; the rest goes on, and nothing hangs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from small_records import only_file_of, small_record

from bench.analysis.sides import open_side
from bench.errors import StoreError, UserError
from bench.store.artifacts import Weights
from bench.store.index import read_index
from bench.store.leftovers import release
from bench.store.recordtext import MOST_BYTES, compact
from bench.store.regular import MIB, Odd, open_regular, read_regular
from bench.store.store import Store


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent.parent.parent / "outside")


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def foreign(path: Path) -> None:
    (mine := path.parent.parent.parent / "mine").write_text("mine")
    path.symlink_to(mine)


def large(path: Path) -> None:
    path.touch()
    os.truncate(path, 100 * MIB)


def deep(path: Path) -> None:
    path.write_text('{"a":' * 950 + "1" + "}" * 950)


def far_too_deep(path: Path) -> None:
    path.write_text("[" * 200_000)


def digits(path: Path) -> None:
    path.write_text('{"schema_version": ' + "9" * 5000 + "}")


ODD: dict[str, Callable[[Path], None]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to itself": loop,
    "100 MB": large,
    "deep": deep,
    "far too deep": far_too_deep,
    "digits": digits,
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("read_only", [False, True])
def test_an_odd_record_is_named_and_the_others_count(tmp_path: Path, kind: str, read_only: bool) -> None:
    for number in range(3):
        Store(tmp_path).save(small_record(number))
    path = only_file_of(tmp_path, 1)
    path.unlink()
    ODD[kind](path)
    store = Store(tmp_path, read_only=read_only)
    assert set(store.summaries()) == {small_record(n).id for n in (0, 2)}
    assert [file.path for file in store.set_aside] == [str(path)]
    assert store.get(small_record(1).id) is None and [record.id for record in store.records()]
    assert os.path.lexists(path) == read_only
    if not read_only:
        store.save(small_record(1))
        assert Store(tmp_path).get(small_record(1).id) == small_record(1)
        assert len([*(tmp_path / "aside").iterdir()]) == 1


@pytest.mark.parametrize("kind", ODD)
def test_odd_packed_files_indexes_and_folders_are_passed_over(tmp_path: Path, kind: str) -> None:
    Store(tmp_path).save(small_record(0))
    ODD[kind](tmp_path / "packed.jsonl")
    ODD[kind](tmp_path / "records" / "zz")
    store = Store(tmp_path)
    assert [*store.summaries()] == [small_record(0).id]
    assert all(file.path.startswith(str(tmp_path / "packed.jsonl")) for file in store.set_aside)
    (tmp_path / "index").unlink()
    ODD[kind](tmp_path / "index")
    assert read_index(tmp_path / "index") == {} and [*Store(tmp_path).summaries()] == [small_record(0).id]


CLAIMS = ODD | {"a link that leads nowhere": dangling, "a link to a device": device, "a link to a file": foreign}


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("kind", CLAIMS)
def test_a_claim_is_no_link_and_nothing_outside_of_the_folder_is_made_or_lost(
    tmp_path: Path, kind: str, prepared: bool
) -> None:
    store = Store(tmp_path / "results")
    (odd := store.root / "claims" / "ab").parent.mkdir(parents=True)
    CLAIMS[kind](odd)
    if prepared:
        store.prepare()
    with store.claim("ab") as mine, store.claim("ab") as again:
        assert mine and not again
        assert odd.is_file() and not odd.is_symlink()
    kept = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert kept == ({"mine": "mine"} if kind == "a link to a file" else {}) and not odd.exists()


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link to itself"])
def test_odd_claims_artifacts_and_checkpoints_are_out_of_the_way(tmp_path: Path, kind: str) -> None:
    (tmp_path / "claims").mkdir()
    ODD[kind](tmp_path / "claims" / "ab")
    weights = Weights(tmp_path)
    checkpoint = weights.checkpoint("ab", "0" * 64)
    checkpoint.path.parent.mkdir(parents=True)
    ODD[kind](checkpoint.path)
    ODD[kind](checkpoint.path.parent / "artifact-0123456789abcdef.safetensors")
    Store(tmp_path).prepare()
    with Store(tmp_path).claim("ab") as mine:
        assert mine
    assert weights.find("ab") is None and checkpoint.load() is None
    assert len(weights.set_aside) == 2 and [*checkpoint.path.parent.iterdir()] == []
    for _ in range(2):
        release(tmp_path / "claims")
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["ab.aside1"]


def test_a_folder_where_an_artifact_or_checkpoint_of_before_was_does_not_undo_the_work(tmp_path: Path) -> None:
    weights = Weights(tmp_path)
    for name in ("artifact-0123456789abcdef", "checkpoint.0123456789abcdef"):
        (tmp_path / "stages" / "ab" / f"{name}.safetensors").mkdir(parents=True)
    weights.checkpoint("ab", "0" * 64).save({"step": torch.ones(1)})
    weights.save("ab", {"weight": torch.ones(1)})
    assert weights.find("ab") is not None and len(weights.set_aside) == 2
    assert len([*(tmp_path / "stages" / "ab").iterdir()]) == 2


def test_a_packed_file_of_terabytes_is_named_and_never_read(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    (packed := tmp_path / "packed.jsonl").touch()
    os.truncate(packed, 1 << 40)
    store = Store(tmp_path)
    assert [*store.summaries()] == [small_record(0).id]
    assert [it.path for it in store.set_aside] == [str(packed)] and "more than the 2048" in store.set_aside[0].reason
    with pytest.raises(StoreError, match=r"packed\.jsonl is left as it is: it has 1048576 MB"):
        store.pack([small_record(0).id], packed)
    with pytest.raises(UserError, match=r"packed\.jsonl: it has 1048576 MB"):
        open_side(str(packed))


def test_a_line_longer_than_a_record_is_named_and_those_after_it_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("packed", "recordtext"):
        monkeypatch.setattr(f"bench.store.{module}.MOST_BYTES", 5000)
    lines = [compact(small_record(number)) for number in range(2)]
    (tmp_path / "packed.jsonl").write_bytes(lines[0] + b"x" * 17_000 + b"\n" + lines[1])
    store = Store(tmp_path)
    assert {record.id for record in store.records()} == {small_record(n).id for n in range(2)}
    assert [it.path for it in store.set_aside] == [f"{tmp_path / 'packed.jsonl'}:2"]


def test_an_artifact_of_terabytes_is_set_aside_before_it_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Weights(tmp_path)
    path = weights.save("ab", {"a": torch.ones(3)})
    os.truncate(path, 1 << 40)
    monkeypatch.setattr("bench.store.artifacts.file_digest", lambda *_: pytest.fail("it is hashed"))
    assert weights.find("ab") is None and weights.set_aside == [path]


ROW = [1, 2, 3, "a", "fit", "done", "toy", "", 1.5, 2, "", "", "", ""]
ROWS: list[Any] = [
    {"a": 1},
    7,
    None,
    "text",
    [7],
    [[]],
    [[1, 2, 3, "a"]],
    [[*ROW, 1]],
    [["x", *ROW[1:]]],
    [[*ROW[:-1], 0]],
]


@pytest.mark.parametrize("rows", ROWS)
def test_an_index_of_another_shape_is_none_although_its_checksum_is_right(tmp_path: Path, rows: object) -> None:
    Store(tmp_path).save(small_record(0))
    body = json.dumps(rows).encode()
    (tmp_path / "index").write_bytes(f"imbench index 3 {sha256(body).hexdigest()}\n".encode() + body)
    assert read_index(tmp_path / "index") == {}
    assert [*Store(tmp_path).summaries()] == [small_record(0).id]


def test_an_index_of_our_shape_is_one(tmp_path: Path) -> None:
    body = json.dumps([ROW]).encode()
    (tmp_path / "index").write_bytes(f"imbench index 3 {sha256(body).hexdigest()}\n".encode() + body)
    assert [*read_index(tmp_path / "index")] == ["a"]


def test_only_regular_files_within_their_limit_are_opened(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"four")
    assert read_regular(file, 4) == b"four"
    with pytest.raises(Odd, match="more than the 0 that it can have"):
        read_regular(file, 3)
    with pytest.raises(Odd, match="a device"):
        open_regular(Path("/dev/null"))
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
    assert MOST_BYTES < 100 * MIB
