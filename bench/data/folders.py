"""Folders of images: one subfolder per class, perhaps below given parts; what is no image is counted and said."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

from bench.data.collected import GIVEN, Collected, Found
from bench.data.decoding import SUFFIXES
from bench.errors import DataError

ALIKE = "Classes have nearly one name"
# Folders that systems put beside people's own: thumbnails, copies, what was deleted.
SYSTEM = frozenset({"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"})
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
    return Collected(parts, (*said, *_beside(root)))


def given_parts(root: Path) -> tuple[dict[str, Found], list[str]]:
    """Return the images by part and class where the subfolders are `train/`, `test/` and perhaps `val/`, else none.

    Also returns sentences about what was left out.

    Raises
    ------
    DataError
        As `images_by_class`.
    """
    part_of = {folder: GIVEN.get(folder.name.lower(), "") for folder in _subfolders(root)}
    parts = [part for part in part_of.values() if part]
    if "train" not in parts or len(parts) < 2:
        return {}, []
    if len(set(parts)) < len(parts):
        raise DataError(f"{root}: two subfolders of one meaning among {', '.join(f.name for f in part_of)}")
    found, said = {}, []
    for folder, part in part_of.items():
        if part:
            found[part], more = images_by_class(folder, root)
            said += [*more, *_beside(folder)]
        elif image_files(folder):
            raise DataError(
                f"{root}: {' and '.join(f.name for f, known in part_of.items() if known)} are parts, and {folder.name} "
                "beside them is none; move it elsewhere, or call the folder of a class otherwise"
            )
        else:
            said.append(f"Left out: {folder.name}, which holds no image")
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
        before = other.copy()
        files = list(_files(label, root, other))
        images = [path for path in files if path.suffix.lower() in SUFFIXES]
        other.update(f"*{path.suffix.lower()}" if path.suffix else "without ending" for path in files)
        other.subtract(f"*{path.suffix.lower()}" for path in images)
        if not images:
            there = f"{len(files)} files, none of them an image" if files else "no files"
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted((other - before).items()))
            raise DataError(
                f"{label}: {there}{f' ({kinds})' if kinds else ''}; the class {label.name!r} would vanish: remove the "
                "folder, or fill it"
            )
        found[label.name] = sorted((path.relative_to(root).as_posix() for path in images), key=natural)
    if len(found) < 2:
        raise DataError(
            f"{folder}: needs at least two subfolders with images, one per class; it has {len(found)}{_hint(folder)}"
        )
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
    """Return a sentence about classes whose names differ in case, blanks or the coding of accents alone."""
    alike = defaultdict(list)
    for label in classes:
        alike["".join(normalize("NFKC", label).casefold().split())].append(label)
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
        (path for path in _listed(folder) if not passed_over(path) and path.is_dir()),
        key=lambda path: natural(path.name),
    )


def passed_over(path: Path) -> bool:
    """Return whether a file or folder is hidden, or one that a system puts there."""
    return path.name.startswith(".") or path.name.casefold() in SYSTEM


def _loose(folder: Path) -> list[Path]:
    """Return the images that lie in a folder itself, beside those of classes or parts."""
    return [it for it in _listed(folder) if it.suffix.lower() in SUFFIXES and not passed_over(it) and it.is_file()]


def _beside(folder: Path) -> list[str]:
    """Return a sentence about images beside the folders of classes or parts."""
    if not (loose := _loose(folder)):
        return []
    return [f"Left out in {folder.name}: {len(loose)} images beside its subfolders, such as {loose[0].name}"]


def _hint(folder: Path) -> str:
    """Say what a folder without classes may be instead: one folder too high, or pictures that no folder sorts."""
    inside = _subfolders(folder)
    if len(inside) == 1 and len(deeper := _subfolders(inside[0])) > 1:
        return f'; {inside[0].name} in it has {len(deeper)}: say folder = "{inside[0]}"'
    if loose := _loose(folder):
        return f"; {len(loose)} images lie in it, such as {loose[0].name}: labels or lists say what they show"
    return ""


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
        if passed_over(path):
            continue
        if path.is_dir():
            yield from _files(path, root, other, (*above, home))
        elif path.is_symlink() and not path.exists():
            other["links that lead nowhere"] += 1
        elif path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            other["links out of the data folder"] += 1
        elif path.is_file():
            yield path
        else:
            other["pipes or devices"] += 1


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror or error})") from error
