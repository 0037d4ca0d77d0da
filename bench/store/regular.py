"""Only regular files are opened, and none that is larger than it can be: nothing hangs, nothing fills the memory."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

MIB = 1 << 20
ASIDE = ".aside"  # stands in the names of what was no file and is out of the way


class Odd(OSError):
    """A folder, a pipe, a link to itself or a file that is too large, where a file was looked for; says which."""


def open_regular(path: Path, most: int | None = None) -> BufferedReader:
    """Open a file for reading.

    Parameters
    ----------
    most
        Bytes that it may have.

    Raises
    ------
    Odd
        It is no regular file, or larger.
    OSError
        It is not there, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer would block
    except OSError as error:
        if what := _kind(path):
            raise Odd(what) from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Odd(_named(found.st_mode))
        if most is not None and found.st_size > most:
            raise Odd(f"it has {found.st_size / MIB:.0f} MB, more than the {most / MIB:.0f} that it can have")
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a file of at most so many bytes; see `open_regular` for what is raised."""
    with open_regular(path, most) as file:
        return file.read()


def is_odd(path: Path) -> bool:
    """Return whether something other than a regular file, or a link to one, stands at a path."""
    return bool(_kind(path))


def put_aside(path: Path) -> None:
    """Rename what is no regular file, so that one can be written in its place."""
    if is_odd(path):
        number = 1
        while os.path.lexists(aside := path.with_name(f"{path.name}{ASIDE}{number}")):
            number += 1
        path.rename(aside)


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    except OSError:
        return "a link to itself" if path.is_symlink() else ""
    return "" if stat.S_ISREG(mode) else _named(mode)


def _named(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")
