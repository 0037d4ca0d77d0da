"""Whatever stands where a file should stand is named and out of the way; the rest goes on, and nothing hangs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from small_records import only_file_of, small_record

from bench.store.artifacts import Weights
from bench.store.index import read_index
from bench.store.leftovers import release
from bench.store.regular import MIB, Odd, open_regular, read_regular
from bench.store.store import MOST_BYTES, Store


def loop(path: Path) -> None:
    path.symlink_to(path.name)


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
