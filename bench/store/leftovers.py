"""Leftovers of processes that died: temporary files and claims whose lock nobody holds, whatever any clock says."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench.errors import StoreError
from bench.store.atomic import LONGEST, TEMPORARY, write_atomically
from bench.store.lock import claim, stand_aside
from bench.store.regular import ASIDE

OURS = re.compile(rf"\..+\.[0-9a-f]{{8}}{re.escape(TEMPORARY)}", re.DOTALL)  # as `write_atomically` calls them


def sweep(folder: Path) -> list[Path]:
    """Delete the temporary files below a folder whose writers are gone, and return them; no link below is followed."""
    return [path for path in _temporary(folder) if _deleted(path)]


def write_anew(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file as `write_atomically` does, after what writers of this very file left who died on it.

    That is for files in people's own folders, where nothing else is looked at.
    """
    beside = re.compile(rf"\.{re.escape(path.name[:LONGEST])}\.[0-9a-f]{{8}}{re.escape(TEMPORARY)}")
    with suppress(OSError):
        for name in os.listdir(path.parent):
            if beside.fullmatch(name):
                _deleted(path.with_name(name))
    write_atomically(path, data, durable=durable)


def is_leftover(path: Path) -> bool:
    """Return whether a file is called as those are that `write_atomically` is at work on, or died on."""
    return bool(OURS.fullmatch(path.name))


def release(claims: Path) -> None:
    """Delete the files of claims that nobody holds any more; what is no file there is renamed, out of the way."""
    with suppress(OSError):
        for entry in [*os.scandir(claims)]:
            if not entry.is_file(follow_symlinks=False) and ASIDE not in entry.name:
                stand_aside(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                with suppress(StoreError), claim(Path(entry.path)):
                    pass


def _deleted(path: Path) -> bool:
    """Delete a temporary file, and return whether that could be done: its writer may live."""
    with suppress(OSError):  # finished, or swept by another process, at this moment
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its writer holds this lock until it is done
            path.unlink()
            return True
        finally:
            os.close(descriptor)
    return False


def _temporary(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if OURS.fullmatch(name))
