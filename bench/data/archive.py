"""Archives: unpacked into a folder that appears whole or not at all, and never written outside of it."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tarfile import EOFHeaderError as EndOfArchive  # type: ignore[attr-defined]
from tarfile import HeaderError, ReadError
from typing import IO, NamedTuple, Self, cast

from bench.data.manifest import Progress
from bench.errors import DataError

MAX_BYTES = 8 << 30
MOST_MEMBERS = 500_000  # files and folders; the largest published set has 202,599 images
LONGEST = 100  # characters of a member's name in a line
_NAMING = frozenset(  # kinds of entries of a tar archive that tell the name of the next, and are read as a whole
    (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
)
_MOST_OF_A_NAME = 1 << 20  # bytes of such an entry
_BLOCK = 1 << 20
_DAMAGE = (  # what the libraries raise where an archive is damaged
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError),
    NotImplementedError,
    *(UnicodeError, struct.error, ValueError, OverflowError, RuntimeError, LookupError),
)


class Member(NamedTuple):
    """One entry of an archive; `file` is None for a folder, `size` is what the archive declares."""

    name: str
    file: IO[bytes] | None
    size: int


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_BYTES, progress: Progress | None = None) -> None:
    """Unpack a zip or tar archive so that `folder` holds its content.

    A single top folder of the same name as `folder` is taken off. The content is written to a hidden folder beside
    `folder` first and renamed at the end.

    Parameters
    ----------
    max_bytes
        Refuse an archive that declares or unpacks to more; what is written is counted too.
    progress
        Called with bytes written so far and 0.

    Raises
    ------
    DataError
        The archive is damaged; holds a link, a device or a path that leaves the folder; is too large, has too many
        members, or needs more memory than there is; `folder` is there already and not empty; or the disk is full.
        Nothing is left behind.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty; move it away to unpack {archive.name} there")
    staging = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        _write_all(archive, staging, max_bytes, progress)
        inner = staging / folder.name
        single = [path.name for path in staging.iterdir()] == [folder.name] and inner.is_dir()
        if folder.exists():
            folder.rmdir()
        (inner if single else staging).rename(folder)
    except OSError as error:
        raise DataError(f"{archive}: cannot be unpacked to {folder} ({error.strerror or error})") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_all(archive: Path, staging: Path, max_bytes: int, progress: Progress | None) -> None:
    written = 0
    try:
        with _members(archive, max_bytes) as members:
            for number, member in enumerate(members, 1):
                if number > MOST_MEMBERS:
                    raise _too_many(archive)
                target = staging / _safe(member.name, archive)
                if member.file is None:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                if written + member.size > max_bytes:
                    raise _too_large(archive, max_bytes)
                target.parent.mkdir(parents=True, exist_ok=True)
                with member.file, target.open("xb") as out:
                    while block := member.file.read(_BLOCK):
                        written += len(block)
                        if written > max_bytes:
                            raise _too_large(archive, max_bytes)
                        out.write(block)
                if progress:
                    progress(written, 0)
    except _DAMAGE as error:
        raise DataError(f"{archive}: damaged archive ({error}); delete it and download it again") from error
    except MemoryError as error:  # xz and LZMA may ask for a window of 4 GB
        raise DataError(f"{archive}: needs more memory to unpack than there is here, and is refused") from error
    except FileExistsError as error:
        raise DataError(f"{archive}: holds {Path(error.filename).name!r} twice and is refused") from error


def _too_large(archive: Path, max_bytes: int) -> DataError:
    return DataError(f"{archive} unpacks to more than {max_bytes / 1e9:.1f} GB and is refused")


def _too_many(archive: Path) -> DataError:
    return DataError(f"{archive} holds more than {MOST_MEMBERS:,} files and folders and is refused")


@contextmanager
def _members(archive: Path, max_bytes: int) -> Iterator[Iterator[Member]]:
    """Open an archive of either kind and give its members one after another."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            yield (_zip_member(packed, info, archive) for info in packed.infolist())
    else:
        with _tar(archive) as tar:
            yield _tar_members(tar, archive, max_bytes)


def _tar(archive: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(archive, tarinfo=_Entry)
    except tarfile.TarError:
        raise DataError(f"{archive}: neither a zip nor a tar archive, or a damaged one") from None


class _Entry(tarfile.TarInfo):
    """An entry of a tar archive; a name of gigabytes, which a small archive can hold, is not read into memory.

    A damaged entry after the first, where the library would say that the archive ends, is damage.
    """

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if isinstance(error, EndOfArchive) or not tarfile.offset:
                raise
            raise ReadError(f"{error} at byte {tarfile.offset:,}") from None

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _NAMING and self.size > _MOST_OF_A_NAME:
            raise tarfile.ReadError(f"a name of {self.size:,} bytes")
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]


def _zip_member(packed: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Path) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 1 or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{archive}: {_shown(info.filename)} is encrypted or not a plain file; the archive is refused")
    return Member(info.filename, None if info.is_dir() else packed.open(info), info.file_size)


def _tar_members(tar: tarfile.TarFile, archive: Path, max_bytes: int) -> Iterator[Member]:
    """Give the members, then read on to the end of the file, where a compressed one has its checksum."""
    for info in tar:
        yield _tar_member(tar, info, archive)
        tar.members.clear()  # type: ignore[attr-defined]  # which would keep all of them in memory
    rest, read = cast("IO[bytes]", tar.fileobj), 0
    while block := rest.read(_BLOCK):
        read += len(block)
        if block.count(0) < len(block):
            raise tarfile.ReadError("something comes after its end")
        if read > max_bytes:
            raise _too_large(archive, max_bytes)


def _tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo, archive: Path) -> Member:
    if not (info.isreg() or info.isdir()):
        raise DataError(f"{archive}: {_shown(info.name)} is a link or a device; the archive is refused")
    return Member(info.name, None if info.isdir() else tar.extractfile(info), info.size)


def _safe(name: str, archive: Path) -> PurePosixPath:
    """Return a member's path, which must stay below the folder it is unpacked to."""
    path = PurePosixPath(name)
    if name in ("", "/") or not name.isprintable():
        raise DataError(f"{archive}: {_shown(name)} is no name of a file; the archive is refused")
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise DataError(f"{archive}: {_shown(name)} would be written outside the folder; the archive is refused")
    return path


def _shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}...")
