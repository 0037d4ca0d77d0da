"""Claims: one piece of work belongs to one process, and is free again as soon as that process dies."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import StoreError
from bench.store.atomic import open_making_folders
from bench.store.regular import ASIDE


@contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` for the duration of the block; give False where somebody else holds it.

    The system releases the lock with the process that holds it, so neither kill -9 nor a power cut leaves a claim.

    Raises
    ------
    StoreError
        The lock file cannot be made.
    """
    try:
        descriptor = _lock(path)
    except OSError as error:
        raise StoreError(f"cannot write in {path.parent}: {error.strerror or error}") from error
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
        # A child of the holder may have inherited the descriptor; closing ours alone would leave the lock with it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


@contextmanager
def waiting_for(path: Path) -> Iterator[None]:
    """Hold the lock file `path` for the duration of the block, and wait for whoever has it; the file stays."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a lock file, made if it is missing, and return its descriptor; whatever else stands there is renamed.

    A link is no lock file either: following it would make a file wherever it leads.
    """
    while True:
        try:
            descriptor = open_making_folders(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            if not stand_aside(path):
                raise
            continue
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        stand_aside(path)


def stand_aside(path: Path) -> bool:
    """Rename what is no regular file, a link to one among it; return whether there was such."""
    try:
        if stat.S_ISREG(path.lstat().st_mode):
            return False
    except FileNotFoundError:
        return False
    step_aside(path)
    return True


def step_aside(path: Path) -> None:
    """Rename whatever stands at a path, over nothing that is there."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}{ASIDE}{number}")):
        number += 1
    with suppress(FileNotFoundError):  # another process was quicker
        path.rename(aside)


def _lock(path: Path) -> int | None:
    while True:
        descriptor = open_lock(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _names(path, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _names(path: Path, descriptor: int) -> bool:
    # Between our opening and our locking the former holder may have removed the file, and another may have made
    # a new one: then our lock is on a file that nobody else will ever look at.
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
