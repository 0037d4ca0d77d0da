"""What is no file in the cache is out of the way, and a whole cache that can only be read is used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CPU, as_on_a_fresh_machine, bench_toml, imbench, refused, tiny

from bench import registry
from bench.data import cache as cache_of_images
from bench.data.cache import WRITTEN, prepare
from bench.data.features import frozen_body, prepare_features
from bench.datasets.stripes import Stripes

registry.load()
ROOT = Path(__file__).resolve().parents[2]
ODD: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["CS"])
    assert imbench("run").status == 0
    return tmp_path / "cache"


@pytest.mark.parametrize("kind", ODD)
def test_odd_locks_arrays_digests_and_memos_stop_nobody(cache: Path, kind: str) -> None:
    (array, *_) = sorted(cache.glob("*.npy"))
    content = array.read_bytes()
    others = [array.with_suffix(suffix) for suffix in (".lock", ".sha256", ".part")]
    for path in (array, *others, cache / "speed.json", cache / "operations.json"):
        path.unlink(missing_ok=True)
        ODD[kind](path)
    said = imbench("run", "--seeds", "2")
    assert said.status == 0, said.err
    assert array.read_bytes() == content


def images_of(folder: Path) -> Path:
    """Return the decoded images of a small dataset, in a cache in a folder."""
    stripes = Stripes(folder)
    return prepare(stripes, stripes.split(), "val", 32, folder / "cache")


def features_of(folder: Path) -> Path:
    """Return the features of these images."""
    frozen = frozen_body(tiny(backbone="small(train=head, views=1)"), CPU)
    return prepare_features(images_of(folder), frozen, 1, folder / "cache")


both = pytest.mark.parametrize("made", [images_of, features_of])


@both
@pytest.mark.parametrize("leads", ["to a file", "nowhere"])
@pytest.mark.parametrize("suffix", [*WRITTEN, ".lock"])
def test_nothing_is_written_through_a_link_in_the_cache(
    made: Callable[[Path], Path], suffix: str, leads: str, tmp_path: Path
) -> None:
    content = (array := made(tmp_path)).read_bytes()
    for path in (array, odd := array.with_suffix(suffix)):
        path.unlink(missing_ok=True)
    outside = tmp_path / "outside"
    if leads == "to a file":
        outside.write_text("precious")
    odd.symlink_to(outside)
    assert made(tmp_path) == array and array.read_bytes() == content and not odd.is_symlink()
    assert outside.read_text() == "precious" if leads == "to a file" else not outside.exists()


@both
@pytest.mark.parametrize("suffix", ["", ".npy", ".sha256"])
def test_a_whole_file_is_returned_before_anything_is_written(
    made: Callable[[Path], Path], suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = made(tmp_path)
    if suffix:  # a link to it, elsewhere, is as good
        (it := array.with_suffix(suffix)).rename(elsewhere := tmp_path / f"elsewhere{suffix}")
        it.symlink_to(elsewhere)
    monkeypatch.setattr("bench.store.lock.open_lock", lambda _: pytest.fail("the folder can only be read"))
    assert made(tmp_path).resolve() == array.resolve()


@pytest.mark.parametrize("journal", [b"\xff\xfe\0", b"", b"0" * 64 + b"\n"])
def test_a_journal_of_features_that_is_not_as_written_begins_them_anew(journal: bytes, tmp_path: Path) -> None:
    content = (array := features_of(tmp_path)).read_bytes()
    array.rename(array.with_suffix(".partial"))
    array.with_suffix(".chunks").write_bytes(journal)
    assert features_of(tmp_path).read_bytes() == content


@pytest.mark.parametrize("size", [0, 5, 100, 1 << 40])
def test_an_array_of_another_size_than_its_header_tells_is_made_again_and_not_hashed(
    cache: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (array, *_) = sorted(cache.glob("*.npy"))
    content, hashed = array.read_bytes(), cache_of_images.digest_of
    os.truncate(array, size)

    def watched(path: Path) -> str:
        assert path.stat().st_size != size, "it is hashed"
        return hashed(path)

    monkeypatch.setattr(cache_of_images, "digest_of", watched)
    said = imbench("run", "--seeds", "2", "--executor", "inline")
    assert said.status == 0, said.err
    assert array.read_bytes() == content


def test_a_whole_cache_that_can_only_be_read_is_used(cache: Path) -> None:
    bind = f'mount --bind "{cache}" "{cache}" && mount -o remount,ro,bind "{cache}"'
    if os.geteuid() or subprocess.run(["unshare", "-m", "sh", "-c", bind], capture_output=True, check=False).returncode:
        pytest.skip("cannot make a folder read-only here")
    command = f'{bind} && ! touch "{cache}/probe" && exec "{sys.executable}" -m bench run --seeds 2'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "1 fit done now, 1 before" in said.stderr


def test_too_little_memory_is_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in cache.glob("*.npy"):
        file.unlink()

    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("bench.data.cache.fitted", too_large)
    refused(imbench("run", "--seeds", "2"), str(cache), "not enough memory to decode the pictures")
