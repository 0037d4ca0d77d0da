"""Which Python files some code reads that are neither the suite's nor an installed package's: a user's own code.

An import reads its file, or what Python kept of it, in whatever way it is asked for; so does who executes a text.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

import bench
from bench import Stamp, stamp_of

GENERATED = "torchinductor"  # how folders begin where torch's compiler keeps what it wrote

_readers: list[dict[Path, Stamp]] = []
_listens = False


@contextmanager
def sources_read() -> Iterator[dict[Path, Stamp]]:
    """Give what is read while the block runs, by file: the state of each just before it was first read."""
    global _listens
    if not _listens:
        sys.addaudithook(_heard)  # for good: such a hook cannot be taken away
        _listens = True
    found: dict[Path, Stamp] = {}
    _readers.append(found)
    try:
        yield found
    finally:
        _readers.remove(found)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _readers or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    name = os.fsdecode(arguments[0])
    if not name.endswith((".py", ".pyc")) or (isinstance(arguments[1], str) and "r" not in arguments[1]):
        return
    if name.endswith(".pyc"):
        with suppress(ValueError, NotImplementedError):
            name = source_from_cache(name)
    path = Path(os.path.realpath(name))
    if _is_own(path):
        for found in _readers:
            found.setdefault(path, stamp_of(path))


def _is_own(path: Path) -> bool:
    parts = path.parts
    if "site-packages" in parts or "dist-packages" in parts or any(part.startswith(GENERATED) for part in parts):
        return False
    return not any(path.is_relative_to(folder) for folder in _of_others())


@cache
def _of_others() -> tuple[Path, ...]:
    suite = Path(bench.__file__).parent
    folders = [suite, *(link for link in suite.iterdir() if link.is_symlink())]
    folders += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return tuple(Path(os.path.realpath(folder)) for folder in folders)
