"""Rooms: the folders of the store as they are listed, and what stands where one of them has to be."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bench.errors import StoreError
from bench.store.lock import step_aside

ROOMS = ("records", "stages", "splits")  # each may be on another disk
FILLED = ("records", "stages")  # with folders that are called by ids, or how they begin
_ID = re.compile("[0-9a-f]+")


def clear(root: Path) -> list[Path]:
    """Rename what is no folder where one of a record or artifact has to be, and return where it stood.

    Raises
    ------
    StoreError
        A room itself is no folder: it may be a link to a disk that is not there now.
    """
    if not root.is_dir():
        return []
    for room in map(root.joinpath, (*ROOMS, "claims", "aside")):
        if os.path.lexists(room) and not room.is_dir():
            raise StoreError(f"{room}: no folder, or a link to none; move it away, or make its disk be there")
    entries = (entry for name in FILLED for entry in listed(root / name))
    odd = [Path(entry.path) for entry in entries if _ID.fullmatch(entry.name) and not is_folder(entry)]
    for path in odd:
        step_aside(path)
    return odd


def listed(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, nothing where there is none.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror or error}") from error


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def state(entry: os.DirEntry[str]) -> os.stat_result:
    """Return an entry's state, of a link to itself that of the link."""
    try:
        return entry.stat()
    except FileNotFoundError:
        raise
    except OSError:
        return entry.stat(follow_symlinks=False)
