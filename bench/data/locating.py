"""Finding files that a list names: as a path, or by a bare name below the folder where that leaves no doubt."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from bench.data.folders import image_files, natural
from bench.errors import DataError


class Locator:
    """Finds the files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._home = os.path.realpath(root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder of images")

    def knows(self, cell: str) -> bool:
        """Return whether a cell names a file, or several alike."""
        return bool(self._candidates(cell.strip()))

    def same(self, one: str, other: str) -> bool:
        """Return whether two cells name the same file, or none of them one."""
        return self._candidates(one.strip()) == self._candidates(other.strip())

    def find(self, cell: str, where: str) -> str | None:
        """Return a file's name relative to the folder, None if there is none.

        Raises
        ------
        DataError
            The file lies outside of the folder, or the cell fits several; the text begins with `where`.
        """
        found = self._candidates(cell)
        if len(found) > 1:
            raise DataError(f"{where}: {cell!r} is {' or '.join(found[:3])}; write its path")
        if found and not self._inside(found[0]):
            raise DataError(f"{where}: {cell!r} lies outside of {self.root}")
        return found[0] if found else None

    def others(self, names: Collection[str]) -> list[str]:
        """Return the images below the folder that are not among some names."""
        known = {*names}
        return [name for name in self._all if name not in known]

    def _inside(self, name: str) -> bool:
        real = os.path.realpath(self.root / name)
        return real.startswith(self._home.rstrip(os.sep) + os.sep)

    def _candidates(self, cell: str) -> list[str]:
        if not cell:
            return []
        if "\\" in cell and not os.path.isfile(self.root / cell):
            cell = cell.replace("\\", "/")  # another system's paths
        if os.path.isfile(self.root / cell):  # False for a text too long to be a name
            path = os.path.relpath(os.path.join(self.root, cell), self.root)
            return [PurePosixPath(path).as_posix()]
        bare = cell.removeprefix("./")
        fitting = [name for name in self._by_name.get(_folded(PurePosixPath(cell).name), ()) if _ends_in(name, bare)]
        # A.JPG beside a.jpg are two files where the system says so.
        return [name for name in fitting if PurePosixPath(name).name == PurePosixPath(cell).name] or fitting

    @cached_property
    def _all(self) -> list[str]:
        return sorted(image_files(self.root), key=natural)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._all:
            path = PurePosixPath(name)
            for key in {_folded(path.name), _folded(path.stem)}:
                found[key].append(name)
        return found


def _ends_in(name: str, cell: str) -> bool:
    """Return whether a path ends in a cell, with or without its ending."""
    path = PurePosixPath(_folded(name))
    return any(f"/{it}".endswith(f"/{_folded(cell)}") for it in (path.as_posix(), path.with_suffix("").as_posix()))


def _folded(name: str) -> str:
    """Return a name without differences that people do not see: of case, and of how accents are coded."""
    return normalize("NFC", name).casefold()
