"""Write a file so that it is there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from bench.errors import StoreError


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
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            _write(temporary, data, durable)
            temporary.replace(path)
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


def _write(path: Path, data: bytes, durable: bool) -> None:
    with open(open_making_folders(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    # Without this a power cut may forget the new name although the file's content is on the disk.
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
