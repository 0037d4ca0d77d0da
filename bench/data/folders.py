"""Folders of images: one subfolder per class; what is no image is counted and said."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from unicodedata import decimal, normalize

from bench.data.collected import Found
from bench.data.decoding import SUFFIXES
from bench.errors import DataError

ALIKE = "have nearly one name"  # a split's note says so
DOUBTFUL = "A class that may be none"
UNOPENED = "Archives are not opened"
NAMED = 5  # files, or sets of nearly one name, that are told
_ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"})
# Folders that systems put beside people's own: thumbnails, copies, what was deleted.
SYSTEM = frozenset({"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"})
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")
_UNWRITABLE = re.compile("[\ud800-\udfff\r\n]")  # surrogates: how Python spells bytes of a name that are not UTF-8


def images_by_class(folder: Path, root: Path) -> tuple[Found, list[str]]:
    """Return the images of each subfolder, classes in natural order, as `by_class` does."""
    return by_class({place.name: place for place in subfolders(folder)}, folder, root)


def by_class(places: Mapping[str, Path], folder: Path, root: Path) -> tuple[Found, list[str]]:
    """Return the images below the place of each class in a folder, relative to `root`, in natural order.

    Also returns sentences about what was left out. Hidden files and folders are passed over; links are followed as long
    as they stay within `root`.

    Raises
    ------
    DataError
        There are fewer than two classes, a class has no image, a folder cannot be read, or a name fits no text file.
    """
    found: Found = {}
    other: Counter[str] = Counter()
    for name, place in places.items():
        kinds: Counter[str] = Counter()
        if not (images := images_below(place, root, kinds)):
            files = sum(count for kind, count in kinds.items() if kind.startswith(("*", "without")))
            there = f"{files} files, none of them an image" if files else "no files"
            told = f" ({counted(kinds)})" if kinds else ""
            raise DataError(f"{place}: {there}{told}; the class {name!r} would vanish: remove the folder, or fill it")
        other += kinds
        found[name] = sorted((path.relative_to(root).as_posix() for path in images), key=natural)
    if len(found) < 2:
        raise DataError(
            f"{folder}: needs at least two subfolders with images, one per class; it has {len(found)}{_hint(folder)}"
        )
    check_names(root, (name for names in found.values() for name in names))
    return found, [f"{_left_out(folder)}: {counted(other)}"] if other else []


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


def alike_names(names: Iterable[str], noun: str = "Classes") -> list[str]:
    """Return a sentence about names, of classes or groups, that differ in case, blanks or the coding alone.

    The coding is that of accents, or of numbers: 1, 001 and 1.0.
    """
    alike = defaultdict(list)
    for name in names:
        alike[plain(name)].append(name)
    found = [", ".join(map(repr, same)) for same in alike.values() if len(same) > 1]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [f"{noun} {ALIKE}: {'; '.join(found[:NAMED])}{more}"] if found else []


def plain(name: str) -> str:
    """Return what names that are nearly one have in common."""
    letters = "".join(normalize("NFKC", name).casefold().split())
    return repr(float(letters)) if _NUMBER.fullmatch(letters) else letters


def images_below(folder: Path, root: Path, other: Counter[str]) -> list[Path]:
    """Return the images below a folder that lies in `root`; files and links that are none are counted by their kind.

    Raises
    ------
    DataError
        A folder cannot be listed.
    """
    images = []
    for path in _files(folder, root, other, _above(folder, root)):
        if path.suffix.lower() in SUFFIXES:
            images.append(path)
        else:
            other[f"*{path.suffix.lower()}" if path.suffix else "without ending"] += 1
    return images


def counted(kinds: Counter[str]) -> str:
    """Return what was left out: `2 *.txt, 1 links that lead nowhere`."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def image_files(root: Path) -> list[str]:
    """Return every image below a folder, relative to it; what `images_by_class` passes over is left out here too."""
    return [path.relative_to(root).as_posix() for path in images_below(root, root, Counter())]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which names sort as people do: 2 before 10, capitals beside small letters."""
    pieces = re.split(r"(\d+)", name.casefold())
    return [_size(piece) if piece.isdecimal() else (-1, piece) for piece in pieces] + [(-1, name)]


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, hidden ones left out, in natural order."""
    return sorted(
        (path for path in _listed(folder) if not passed_over(path) and path.is_dir()),
        key=lambda path: natural(path.name),
    )


def passed_over(path: Path) -> bool:
    """Return whether a file or folder is hidden, or one that a system puts there."""
    return path.name.startswith(".") or path.name.casefold() in SYSTEM


def beside(folder: Path) -> list[str]:
    """Return sentences about images and other files, archives among them, beside the folders of classes or parts."""
    (loose, other), where = _loose(folder), _left_out(folder)
    said = [f"{where}: {_number(loose, 'image')} beside its subfolders, such as {loose[0]}"] if loose else []
    if other:
        more = f" and {len(other) - NAMED} more" if len(other) > NAMED else ""
        said.append(f"{where}: {_number(other, 'other file')} beside its subfolders: {', '.join(other[:NAMED])}{more}")
    if archives := [name for name in other if Path(name).suffix.lower() in _ARCHIVES]:
        more = f" and {len(archives) - NAMED} more" if len(archives) > NAMED else ""
        said.append(f"{UNOPENED}: unpack {', '.join(archives[:NAMED])}{more}, if images of yours are in there")
    return said


def _size(digits: str) -> tuple[int, str]:
    """Return a key that sorts numbers by their size; Python makes no number of thousands of digits."""
    plain_digits = digits if digits.isascii() else "".join(str(decimal(digit)) for digit in digits)
    significant = plain_digits.lstrip("0")
    return len(significant), significant


def _left_out(folder: Path) -> str:
    return f"Left out in {folder.name or folder.absolute().name}"


def _number(names: list[str], noun: str) -> str:
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''}"


def _loose(folder: Path) -> tuple[list[str], list[str]]:
    """Return the images and the other files that lie in a folder itself."""
    images: list[str] = []
    other: list[str] = []
    for path in _listed(folder):
        if not passed_over(path) and path.is_file():
            (images if path.suffix.lower() in SUFFIXES else other).append(path.name)
    return images, other


def _hint(folder: Path) -> str:
    """Say what a folder without classes may be instead: one folder too high, or pictures that no folder sorts."""
    inside = subfolders(folder)
    if len(inside) == 1 and len(deeper := subfolders(inside[0])) > 1:
        return f'; {inside[0].name} in it has {len(deeper)}: say folder = "{inside[0]}"'
    if loose := _loose(folder)[0]:
        return f"; {len(loose)} images lie in it, such as {loose[0]}: labels or lists say what they show"
    return ""


def _above(folder: Path, root: Path) -> tuple[Path, ...]:
    """Return where the folders from `root` down to the one above a folder really are."""
    return tuple(it.resolve() for it in folder.parents if it == root or root in it.parents)


def _files(folder: Path, root: Path, other: Counter[str], above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files below a folder; links that lead nowhere, in a circle or out of `root` are counted instead.

    A circle is a link to a folder `above`, where its images would be those of other classes too.
    """
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
