"""One list of files per class: plain text, a name a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.data.collected import Collected, text_of
from bench.data.folders import check_names
from bench.data.labelled import by_part_and_class
from bench.data.locating import Locator
from bench.errors import DataError


def in_lists(lists: Mapping[str, Path], root: Path, skip: bool = False) -> Collected:
    """Return the images that files name, each a list of one class; blank lines and those that begin with # are none.

    Parameters
    ----------
    lists
        By class: the file.
    root
        The folder that names are relative to.
    skip
        Leave out lines whose file is not there, with their number, instead of refusing them.

    Raises
    ------
    DataError
        A list cannot be read, or names a file that is not there, or one that another class has; the text names the
        line.
    """
    locator, label_of = Locator(root), dict[str, str]()
    absent, again = 0, 0
    for label, path in lists.items():
        found = False
        for number, line in _lines(path):
            if (name := locator.find(line, f"{path}: line {number}")) is None:
                if not skip:
                    raise DataError(
                        f'{path}: line {number}: no file {line!r} below {root}; damaged = "skip" leaves it out'
                    )
                absent += 1
                continue
            if label_of.get(name, label) != label:
                raise DataError(f"{path}: line {number}: {name} is in the list of {label_of[name]!r} too")
            found, again = True, again + (name in label_of)
            label_of[name] = label
        if not found:
            raise DataError(f"{path}: names no file; the class {label!r} would vanish")
    said = [f"{again} lines name a file again"] if again else []
    said += [f"{absent} lines name no file: left out"] if absent else []
    if unlisted := locator.others(label_of):
        said.append(f"{len(unlisted)} images in {root.name} are in no list, such as {unlisted[0]}: left out")
    check_names(root, label_of)
    return Collected(by_part_and_class(label_of, {}, "lists"), tuple(said))


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = text_of(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; a list of files has a name a line") from None
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]
