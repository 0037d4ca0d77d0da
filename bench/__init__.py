"""The harness of the imbalance benchmark: it knows no single method and no single dataset."""

from __future__ import annotations

import os

__version__ = "0.1.0"

Stamp = tuple[int, ...]


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """Return what changes when a file does: its size, times and inode; nothing where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def written(path: str | os.PathLike[str]) -> Stamp:
    """Return a file's size and the time it was last written to, which are the same on every machine that sees it."""
    return stamp_of(path)[:2]


def _stamps(folder: str) -> dict[str, Stamp]:
    walked = os.walk(folder, followlinks=True)
    files = (os.path.join(place, name) for place, _, names in walked for name in names if name.endswith(".py"))
    return {path: stamp_of(path) for path in files}


# The suite's files as this process found them, before it imported any other of them: what it computes with is these,
# whatever becomes of the files later.
BEGAN = _stamps(os.path.dirname(__file__))
