"""Leftovers of processes that died: temporary files and claims whose lock nobody holds, whatever any clock says."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench.errors import StoreError
from bench.store.atomic import TEMPORARY
from bench.store.lock import claim
from bench.store.regular import ASIDE, put_aside

OURS = re.compile(rf"\..+\.[0-9a-f]{{8}}{re.escape(TEMPORARY)}", re.DOTALL)  # as `write_atomically` calls them


def sweep(folder: Path) -> list[Path]:
    """Delete the temporary files below a folder whose writers are gone, and return them."""
    swept = []
    for path in _temporary(folder):
        with suppress(OSError):  # finished, or swept by another process, at this moment
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its writer holds this lock until it is done
                path.unlink()
                swept.append(path)
            finally:
                os.close(descriptor)
    return swept


def release(claims: Path) -> None:
    """Delete the files of claims that nobody holds any more; what is no file there is renamed, out of the way."""
    with suppress(OSError):
        for entry in [*os.scandir(claims)]:
            if not entry.is_file(follow_symlinks=False) and ASIDE not in entry.name:
                put_aside(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                with suppress(StoreError), claim(Path(entry.path)):
                    pass


def _temporary(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if OURS.fullmatch(name))
