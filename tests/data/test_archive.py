"""Archives unpack whole or not at all, and never outside their folder."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.archive import unpack
from bench.errors import DataError

CONTENT = np.random.default_rng(0).bytes(300_000)


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: list[tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, 3 if kind == tarfile.REGTYPE else 0
    return info


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_archives_unpack_whole_and_lose_the_folder_of_their_own_name(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", {"set/x/1": b"1", "set/2": b"2"}), tmp_path / "set")
    assert contents(tmp_path / "set") == {"x/1", "2"}
    unpack(tarred(tmp_path / "a.tgz", [member("d", tarfile.DIRTYPE), member("d/1")]), tmp_path / "other")
    assert contents(tmp_path / "other") == {"d/1"}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil", "..\\evil"])
def test_archive_that_leaves_its_folder_is_refused_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for archive in (zipped(tmp_path / "a.zip", {"ok": b"", name: b"x"}), tarred(tmp_path / "a.tgz", [member(name)])):
        with pytest.raises(DataError, match="refused"):
            unpack(archive, home / "set")
    assert list(home.iterdir()) == []
    assert contents(tmp_path) == {"a.zip", "a.tgz"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="link or a device"):
        unpack(tarred(tmp_path / "a.tgz", [member("in", kind, target="/etc/passwd")]), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_link_inside_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="not a plain file"):
        unpack(tmp_path / "a.zip", tmp_path / "set")


def test_archive_that_grows_too_large_is_refused(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "a.zip", {"zeros": bytes(10_000_000)})
    assert bomb.stat().st_size < 20_000
    with pytest.raises(DataError, match="refused"):
        unpack(bomb, tmp_path / "set", max_bytes=5_000_000)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_damaged_archive_is_named(keep: float, tmp_path: Path) -> None:
    for whole in (
        zipped(tmp_path / "a.zip", {"x": CONTENT}),
        tarred(tmp_path / "a.tgz", [member(str(i)) for i in range(99)]),
    ):
        whole.write_bytes(whole.read_bytes()[: int(keep * whole.stat().st_size)])
        with pytest.raises(DataError, match=whole.name):
            unpack(whole, tmp_path / "set")
        assert not (tmp_path / "set").exists()


def test_folder_with_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine").write_text("x")
    with pytest.raises(DataError, match="not empty"):
        unpack(zipped(tmp_path / "a.zip", {"x": b""}), tmp_path / "set")
    assert contents(tmp_path / "set") == {"mine"}


def test_archive_is_refused_by_the_size_that_it_declares_before_anything_is_written(tmp_path: Path) -> None:
    info = member("huge")
    info.size = 10**13
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(1024))
    with pytest.raises(DataError, match=r"unpacks to more than 8\.6 GB and is refused"):
        unpack(tmp_path / "a.tar", tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("name", ["", "a\x1b[31m", "a\nb"])
def test_names_that_are_none_are_refused_and_shown_escaped(name: str, tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tgz", [member("ok"), member(name)])
    with pytest.raises(DataError, match="is no name of a file") as caught:
        unpack(archive, tmp_path / "set")
    assert str(caught.value).isprintable() and not (tmp_path / "set").exists()


def test_a_name_of_many_characters_is_cut(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tgz", [member("/" + "x" * 50_000)])
    with pytest.raises(DataError, match="would be written outside the folder") as caught:
        unpack(archive, tmp_path / "set")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
@pytest.mark.parametrize("first", [True, False])
def test_a_name_of_gigabytes_is_not_read(
    kind: bytes, first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reader in ("_proc_gnulong", "_proc_pax"):
        monkeypatch.setattr(tarfile.TarInfo, reader, lambda *_: pytest.fail("the name is read"))
    long = member("long")
    long.type, long.size = kind, 8 << 30
    before = [] if first else [member("x").tobuf(tarfile.GNU_FORMAT), bytes(512)]
    (tmp_path / "a.tar").write_bytes(b"".join((*before, long.tobuf(tarfile.GNU_FORMAT), bytes(4096))))
    with pytest.raises(DataError, match=r"damaged archive|neither a zip nor a tar archive"):
        unpack(tmp_path / "a.tar", tmp_path / "set")


def packed(path: Path, compression: str, count: int = 4, size: int = 700) -> Path:
    """Return a tar archive of files of random bytes; a header is the first 512 bytes of each 1536."""
    with tarfile.open(path, f"w:{compression}") as tar:
        for number in range(count):
            info = member(f"set/{number}")
            info.size = size
            tar.addfile(info, io.BytesIO(np.random.default_rng(number).bytes(size)))
    return path


@pytest.mark.parametrize("kind", ["flipped", "zeroed", "cut", "cut within"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_file_is_lost_without_a_word_where_a_header_is_damaged(number: int, kind: str, tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar", "")
    data, start = bytearray(archive.read_bytes()), 1536 * number
    if kind == "flipped":
        data[start + 150] ^= 1
    elif kind == "zeroed":
        data[start : start + 512] = bytes(512)
    else:
        del data[start + (100 if kind == "cut within" else 0) :]
    archive.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.tar: damaged archive"):
        unpack(archive, tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("size", [700, 300_000])
@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_wrong_checksum_at_the_end_of_an_archive_is_damage(compression: str, size: int, tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.bin", compression, size=size)
    unpack(whole, tmp_path / "set")
    data = bytearray(whole.read_bytes())
    data[-6 if compression == "gz" else -11 if compression == "xz" else -3] ^= 0x10
    whole.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.bin: .*(damaged|cannot be unpacked)"):
        unpack(whole, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_more_members_than_any_published_set_has_are_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.data.archive.MOST_MEMBERS", 3)
    zip_of = {str(i): b"" for i in range(4)}
    path = tmp_path / f"a.{kind}"
    archive = zipped(path, zip_of) if kind == "zip" else tarred(path, [member(name) for name in zip_of])
    with pytest.raises(DataError, match=rf"a\.{kind} holds more than 3 files and folders and is refused"):
        unpack(archive, tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("kind", ["xz", "lzma"])
def test_a_window_larger_than_the_memory_is_one_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.bin"
    if kind == "xz":
        packed(archive, "xz")
    else:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as inside:
            inside.writestr("x", CONTENT)

    def too_large(*_: object, **__: object) -> None:
        raise MemoryError

    for name in ("lzma.LZMADecompressor", "zipfile.lzma.LZMADecompressor"):
        monkeypatch.setattr(name, too_large)
    with pytest.raises(DataError, match=r"a\.bin: needs more memory to unpack than there is"):
        unpack(archive, tmp_path / "set")
    assert not (tmp_path / "set").exists()


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["zip", "lzma", "xz", "gz"]), seed=st.integers(0, 2**32), flips=st.integers(1, 20))
def test_a_damaged_archive_of_any_kind_is_one_line(kind: str, seed: int, flips: int) -> None:
    rng, buffer = np.random.default_rng(seed), io.BytesIO()
    if kind in ("zip", "lzma"):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA if kind == "lzma" else zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("folder/ä.txt", CONTENT[:3000])
    else:
        with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as tar:
            info = member("folder/x")
            info.size = 3000
            tar.addfile(info, io.BytesIO(CONTENT[:3000]))
    data = bytearray(buffer.getvalue())
    for _ in range(flips):
        data[rng.integers(len(data))] = rng.integers(256)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.bin"
        path.write_bytes(data)
        with suppress(DataError):
            unpack(path, Path(folder) / "set")
        assert {entry.name for entry in Path(folder).iterdir()} <= {"a.bin", "set"}
