"""Folders of images: one subfolder per class, perhaps below given parts; what is no image is counted and said."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.data.collected import GIVEN, Collected, Found
from bench.data.decoding import SUFFIXES
from bench.errors import DataError

ALIKE = "Classes have nearly one name"
_UNWRITABLE = re.compile("[\ud800-\udfff\r\n]")  # surrogates: how Python spells bytes of a name that are not UTF-8


def in_folders(root: Path) -> Collected:
    """Return the images of a folder with one subfolder per class, perhaps below `train/`, `test/` and `val/`.

    Raises
    ------
    DataError
        As `images_by_class`.
    """
    parts, said = given_parts(root)
    if not parts:
        found, said = images_by_class(root, root)
        parts = {"": found}
    return Collected(parts, tuple(said))


def given_parts(root: Path) -> tuple[dict[str, Found], list[str]]:
    """Return the images by part and class where the subfolders are `train/`, `test/` and perhaps `val/`, else none.

    Also returns sentences about what was left out.

    Raises
    ------
    DataError
        As `images_by_class`.
    """
    folders = list(_subfolders(root))
    parts = [GIVEN.get(folder.name.lower(), "") for folder in folders]
    if "train" not in parts or len(parts) < 2 or "" in parts:
        return {}, []
    if len(set(parts)) < len(parts):
        raise DataError(f"{root}: two subfolders of one meaning among {', '.join(f.name for f in folders)}")
    found, said = {}, []
    for part, folder in zip(parts, folders, strict=True):
        found[part], more = images_by_class(folder, root)
        said += more
    return found, said


def images_by_class(folder: Path, root: Path) -> tuple[Found, list[str]]:
    """Return the images of each subfolder, relative to `root`, classes and images in natural order.

    Also returns sentences about what was left out. Hidden files and folders are passed over; links are followed as long
    as they stay within `root`.

    Raises
    ------
    DataError
        There are fewer than two classes, a class has no image, a folder cannot be read, or a name fits no text file.
    """
    found: Found = {}
    other: Counter[str] = Counter()
    for label in _subfolders(folder):
        files = list(_files(label, root, other))
        images = [path for path in files if path.suffix.lower() in SUFFIXES]
        other.update(f"*{path.suffix.lower()}" if path.suffix else "without ending" for path in files)
        other.subtract(f"*{path.suffix.lower()}" for path in images)
        if not images:
            there = f"{len(files)} files, none of them an image" if files else "no files"
            raise DataError(f"{label}: {there}; the class {label.name!r} would vanish: remove the folder, or fill it")
        found[label.name] = sorted((path.relative_to(root).as_posix() for path in images), key=natural)
    if len(found) < 2:
        raise DataError(f"{folder}: needs at least two subfolders with images, one per class; it has {len(found)}")
    check_names(root, (name for names in found.values() for name in names))
    left_out = [f"{count} {kind}" for kind, count in sorted(other.items()) if count]
    return found, [f"Left out in {folder.name}: {', '.join(left_out)}"] if left_out else []


def check_names(root: Path, names: Iterable[str]) -> None:
    """Refuse names that no list of files can hold.

    Raises
    ------
    DataError
        There is one.
    """
    for name in names:
        if _UNWRITABLE.search(name):
            raise DataError(f"{root}: rename {name!r}, which no text file can hold")


def alike_names(classes: Iterable[str]) -> list[str]:
    """Return a sentence about classes whose names differ in case or blanks alone."""
    alike = defaultdict(list)
    for label in classes:
        alike["".join(label.casefold().split())].append(label)
    return [f"{ALIKE}: {', '.join(map(repr, labels))}" for labels in alike.values() if len(labels) > 1]


def image_files(root: Path) -> list[str]:
    """Return every image below a folder, relative to it; what `images_by_class` passes over is left out here too."""
    files = _files(root, root, Counter())
    return [path.relative_to(root).as_posix() for path in files if path.suffix.lower() in SUFFIXES]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which names sort as people do: 2 before 10, capitals beside small letters."""
    pieces = re.split(r"(\d+)", name.casefold())
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces] + [(-1, name)]


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, hidden ones left out, in natural order."""
    return sorted(
        (path for path in _listed(folder) if not path.name.startswith(".") and path.is_dir()),
        key=lambda path: natural(path.name),
    )


def _files(folder: Path, root: Path, other: Counter[str], above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the files below a folder; links that lead nowhere, in a circle or out of `root` are counted instead."""
    home = folder.resolve()
    if home in above:
        other["links in a circle"] += 1
        return
    if not home.is_relative_to(root.resolve()):
        other["links out of the data folder"] += 1
        return
    for path in _listed(folder):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path, root, other, (*above, home))
        elif path.is_symlink() and not path.exists():
            other["links that lead nowhere"] += 1
        elif path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            other["links out of the data folder"] += 1
        elif path.is_file():
            yield path


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror or error})") from error
