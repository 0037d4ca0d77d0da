"""Write a file so that it is there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bench.errors import StoreError

TEMPORARY = ".tmp"  # how the names of files that are being written end
LONGEST = 200  # characters of a name that its temporary one repeats


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write to a temporary name beside `path`, then rename; folders are made as needed.

    Parameters
    ----------
    durable
        Wait until the disk has it, so that it outlives a power cut. A cache needs no such wait.

    Raises
    ------
    StoreError
        The folder cannot be written, the disk is full, or the path is a folder, a device or the like; nothing is left
        behind.
    """
    _must_be_a_file(path)
    temporary = path.with_name(f".{path.name[:LONGEST]}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        try:
            with _created(temporary) as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                temporary.replace(path)  # while its lock is held, by which others know that it has an owner
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        if durable:
            _flush_folder(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write in {path.parent}: {error.strerror or error}") from error


def _must_be_a_file(path: Path) -> None:
    # A rename would put a file in the place of a device, for who may.
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return  # not there, or what stands in the way is told by the writing itself
    if not regular:
        raise StoreError(f"{path} is not a regular file: nothing is written there")


def open_making_folders(path: Path, flags: int) -> int:
    """Open a file and return its descriptor; make its folder only when that turns out to be missing."""
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags | os.O_CLOEXEC, 0o666)


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """Make a file, and hold its lock: where the process dies, nobody does, and the file can be swept away."""
    while True:
        with open(open_making_folders(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            if _locked(path, file):
                yield file
                return


def _locked(path: Path, file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except (BlockingIOError, FileNotFoundError):  # taken for a leftover before it was locked
        with suppress(OSError):
            path.unlink()
        return False
    except OSError:
        return True  # a file system without locks: then nobody sweeps there either


def _flush_folder(folder: Path) -> None:
    # Without this a power cut may forget the new name although the file's content is on the disk.
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
