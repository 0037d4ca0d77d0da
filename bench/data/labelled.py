"""A table of labels: a csv that says of each file which class it shows, and perhaps its part and its group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.data.collected import GIVEN, Collected, Found
from bench.data.columns import NAMES, ONE, columns_of, unused
from bench.data.folders import DOUBTFUL, check_names, natural
from bench.data.grouping import ALONE, FEWEST, UNTOLD, as_group, looks_like_pattern
from bench.data.locating import Locator
from bench.data.tabular import Table, read_table
from bench.errors import DataError, unknown

WHOSE = re.compile(  # how columns are usually called that say of whom or where an image is
    r"patient|subject|person|identity|case|study|lesion|slide|site|scan|series|session|sequence|track|video|clip|scene"
    r"|location|camera|source|group|specimen|animal|individual|plot|hospital|donor|burst"
)
_SEVERAL = re.compile(r"\s*[|;,+/&]\s*")
UNKNOWN = frozenset(("", "nan", "na", "n/a", "none", "null", "<na>"))  # how tables spell that a value is not known


def in_table(
    path: Path, root: Path, told: Mapping[str, str], delimiter: str = "", group: str = "", skip: bool = False
) -> Collected:
    """Return the images that a csv names.

    Parameters
    ----------
    root
        The folder that names are relative to; a name may lack its folder or ending where that leaves no doubt.
    told
        Columns by what they hold: `file`, `class`, `part`; what is not told is guessed, and said. A `part` of "" says
        that parts are drawn.
    group
        The column of groups, "" for none; a regular expression is none, and left to others.
    skip
        Leave out rows whose file is not there, with their number, instead of refusing them.

    Raises
    ------
    DataError
        The table cannot be read, a column does not exist or cannot be guessed, a file is missing or has two labels, a
        class would vanish; the text names the line or column.
    """
    locator = Locator(root)
    usual = {name for names in NAMES.values() for name in names}  # a header's, also where a picture is called so
    table = read_table(path, delimiter, lambda cell: cell.lower() not in usual and locator.knows(cell))
    group = "" if group not in table.header and looks_like_pattern(group) else group
    column, hot = columns_of(table, told, group, locator)
    said = [_told(table, column, hot, told, delimiter), *unused(table, column, hot, told)]
    label_of: dict[str, tuple[str, int]] = {}
    part_of: dict[str, str] = {}
    group_of: dict[str, str] = {}
    absent: list[tuple[int, str, str]] = []
    again = 0
    for line, row in table.rows:
        cell, label = row[column["file"]].strip(), _label(table, row, line, column, hot)
        if (name := locator.find(cell, f"{path}: line {line}")) is None:
            absent.append((line, cell, label))
            continue
        if name in label_of:
            other, before = label_of[name]
            if other != label:
                raise DataError(
                    f"{path}: {name} is {other!r} in line {before} and {label!r} in line {line}; an image has one class"
                )
            again += 1
        label_of.setdefault(name, (label, line))
        _hold(part_of, name, _part(table, row, line, column), f"{path}: line {line}", "part")
        if "group" in column:
            if (whose := as_group(row[column["group"]])).casefold() in UNKNOWN:
                raise DataError(
                    f"{path}: line {line}: no {group!r} ({whose!r}); every image needs a group, or say none"
                )
            _hold(group_of, name, whose, f"{path}: line {line}", "group")
    _refuse_absent(path, root, absent, {label for label, _ in label_of.values()}, skip)
    said += [f"{again} rows name a file again"] if again else []
    said += [f"{len(absent)} rows name no file, such as {absent[0][1]!r}: left out"] if absent else []
    if unlisted := locator.others(label_of):
        said.append(f"{len(unlisted)} images in {root.resolve().name} are in no row, such as {unlisted[0]}: left out")
    check_names(root, label_of)
    labels = {name: label for name, (label, _) in label_of.items()}
    said += _odd_classes({*labels.values()})
    if not group and (sign := _sign(table, column, hot)):
        said.append(sign)
    return Collected(by_part_and_class(labels, part_of, str(path)), tuple(said), group_of)


def _odd_classes(classes: set[str]) -> list[str]:
    """Return sentences about classes that may be none: values that are not known, and several classes in one."""
    unknown_ones = sorted(label for label in classes if label.casefold() in UNKNOWN)
    said = [f"{DOUBTFUL}: {', '.join(map(repr, unknown_ones))} may mean that it is not known"] if unknown_ones else []
    several = sorted(label for label in classes if len(found := _SEVERAL.split(label)) > 1 and {*found} <= classes)
    return [*said, *([f"{DOUBTFUL}: {several[0]!r} may be several classes; an image has one"] if several else [])]


def _hold(known: dict[str, str], name: str, value: str, where: str, what: str) -> None:
    """Remember an image's part or group, which no later row may change."""
    if (before := known.setdefault(name, value)) != value:
        raise DataError(f"{where}: the {what} of {name} is {value!r}, and {before!r} in a line above; it has one")


def by_part_and_class(label_of: Mapping[str, str], part_of: Mapping[str, str], where: str) -> dict[str, Found]:
    """Return names by part and class, both in natural order.

    Raises
    ------
    DataError
        There are fewer than two classes, or the name of one is of several lines.
    """
    labels = sorted(set(label_of.values()), key=natural)
    if broken := next((label for label in labels if len(label.splitlines()) > 1), None):
        raise DataError(f"{where}: the name of class {broken!r} holds a line break; remove it")
    if len(labels) < 2:
        raise DataError(f"{where}: needs at least two classes; it has {len(labels)}")
    parts: dict[str, Found] = {}
    for name in sorted(label_of, key=natural):
        part = parts.setdefault(part_of.get(name, ""), {})
        part.setdefault(label_of[name], []).append(name)
    return {part: {label: found[label] for label in labels if label in found} for part, found in parts.items()}


def _sign(table: Table, column: Mapping[str, int], hot: Sequence[int]) -> str:
    """Return a sentence about a column that may say of whom an image is: several values, most of them in many rows."""
    for k, name in enumerate(table.header):
        if k in column.values() or k in hot or not WHOSE.search(table.small[k]):
            continue
        sizes = Counter(row[k].strip() for _, row in table.rows)
        if len(sizes) >= FEWEST and sum(n for n in sizes.values() if n > 1) > ALONE * len(table.rows):
            return (
                f"{UNTOLD}, but images share the {len(sizes)} values of {name!r}; if these are patients, sites or "
                f"slides, say group = {name!r}"
            )
    return ""


def _told(table: Table, column: Mapping[str, int], hot: Sequence[int], told: Mapping[str, str], delimiter: str) -> str:
    """Say which column is taken for what, and what of it was guessed."""
    words = {"file": "files", "class": "classes", "part": "parts", "group": "groups"}
    taken = [f"{words[kind]} from {table.header[k]!r}" for kind, k in sorted(column.items(), key=lambda it: it[1])]
    taken += [f"classes from the {len(hot)} columns of 0 and 1"] if hot else []
    guessed = [words[kind] for kind in ("file", "class", "part") if kind in column and kind not in told]
    by = f" ({' and '.join(guessed)} guessed)" if guessed else ""
    between = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(table.delimiter, table.delimiter)
    return f"{table.path.name}: {', '.join(taken)}{by}, fields apart by {between}{'' if delimiter else ' (guessed)'}"


def _label(table: Table, row: Sequence[str], line: int, column: Mapping[str, int], hot: Sequence[int]) -> str:
    if not hot:
        if label := row[column["class"]].strip():
            return label
        raise DataError(f"{table.path}: line {line}: no class")
    marked = [table.header[k] for k in hot if row[k].strip().lower() in ONE]
    if len(marked) != 1:
        raise DataError(
            f"{table.path}: line {line}: {len(marked)} of {len(hot)} classes marked; an image has one class"
        )
    return marked[0]


def _part(table: Table, row: Sequence[str], line: int, column: Mapping[str, int]) -> str:
    if "part" not in column:
        return ""
    value = row[column["part"]].strip()
    if part := GIVEN.get(value.lower()):
        return part
    raise DataError(f"{table.path}: line {line}: {unknown('part', value, GIVEN)}")


def _refuse_absent(path: Path, root: Path, absent: Sequence[tuple[int, str, str]], there: set[str], skip: bool) -> None:
    vanished = Counter(label for _, _, label in absent if label not in there)
    if vanished:
        label, rows = vanished.most_common(1)[0]
        raise DataError(
            f"{path}: class {label!r} would vanish: none of its {rows} files is below {root}; put them there, or "
            "remove its rows"
        )
    if absent and not skip:
        line, cell, _ = absent[0]
        more = f" (and {len(absent) - 1} more rows)" if len(absent) > 1 else ""
        raise DataError(f'{path}: line {line}: no file {cell!r} below {root}{more}; damaged = "skip" leaves such out')
