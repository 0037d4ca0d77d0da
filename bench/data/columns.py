"""Which column of a table of labels holds what: as told, else by how columns are called and what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bench.data.collected import GIVEN
from bench.data.folders import natural
from bench.data.locating import Locator
from bench.data.tabular import Table, ends_as_image
from bench.errors import DataError

VAGUE = ("name", "id")  # people and patients have them too
NAMES = {  # how the columns are usually called, in small letters
    "file": (
        *("file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_id", "image_path"),
        *("image_name", "img", "img_path", *VAGUE),
    ),
    "class": ("class", "class_name", "label", "labels", "category", "target", "diagnosis", "dx", "species", "y"),
    "part": ("part", "split", "set", "subset", "partition", "usage", "phase"),
}
STRAY = 0.1  # share of rows that may name no part where a column is still taken to be meant as such
NO_PARTS = "is not taken for parts"  # a split's note says so of a column that may be meant as such
ONE, ZERO = {"1", "1.0", "true"}, {"0", "0.0", "false", ""}
PROBED = 50  # rows by which the column of files is known
SHOWN = 10  # columns named that are not used
_LIKE_PARTS = re.compile(rf"{'|'.join(NAMES['part'])}|(.+_)?(splits?|folds?)|(is_?|in_?)?({'|'.join(GIVEN)})(_set)?")


def columns_of(
    table: Table, told: Mapping[str, str], group: str, locator: Locator
) -> tuple[dict[str, int], tuple[int, ...]]:
    """Return the columns by what they hold; of classes that have a column each, those instead of `class`.

    Parameters
    ----------
    told
        Columns by what they hold: `file`, `class`, `part`; "" for `part`: there is none.

    Raises
    ------
    DataError
        A column does not exist, or which one is meant cannot be guessed; the text names those that there are.
    """
    column = {kind: table.column(name) for kind, name in told.items() if name or kind != "part"}
    if group:
        column["group"] = table.column(group)
    if "file" not in column:
        column["file"] = _file_column(table, locator, {*column.values()})
    free = [k for k in range(len(table.header)) if k not in column.values()]
    if "class" not in column and (usual := [k for name in NAMES["class"] for k in free if table.small[k] == name]):
        column["class"] = next((k for k in usual if not _divides(table, k)), usual[0])
        free.remove(column["class"])
    if "part" not in told and (k := _part_column(table, free)) is not None:
        column["part"] = k
        free.remove(k)
    if "class" in column:
        return column, ()
    if len(free) == 1:
        return column | {"class": free[0]}, ()
    hot = tuple(
        k
        for k in free
        if {value.lower() for value in table.values(k)} <= ONE | ZERO and not _LIKE_PARTS.fullmatch(table.small[k])
    )
    if len(hot) > 1:
        return column, hot
    names = ", ".join(table.header[k] for k in free) or "no other column"
    raise DataError(f'{table.path}: which column is the class? say columns = {{ class = "..." }}; there is {names}')


def unused(table: Table, column: Mapping[str, int], hot: Sequence[int], told: Mapping[str, str]) -> list[str]:
    """Return sentences about columns that nothing is taken from, first those that may be meant as parts."""
    free = [k for k in range(len(table.header)) if k not in column.values() and k not in hot]
    said = []
    for k in free if "part" not in column and "part" not in told else ():
        if _LIKE_PARTS.fullmatch(table.small[k]) or {"train", "test"} <= _parts_in(table, k):
            values = sorted(table.values(k), key=natural)
            shown = ", ".join(map(repr, values[:3])) + (", ..." if len(values) > 3 else "")
            said.append(
                f"{table.header[k]!r} {NO_PARTS}, since it holds {shown}; if it says which images are for the test, "
                "write train, val and test there"
            )
    more = f" and {len(free) - SHOWN} more" if len(free) > SHOWN else ""
    names = ", ".join(repr(table.header[k]) for k in free[:SHOWN])
    return [*said, *([f"columns not used: {names}{more}"] if free else [])]


def _part_column(table: Table, free: Sequence[int]) -> int | None:
    """Return the column of parts: one that divides the rows, whatever it is called, else one that is called so.

    Raises
    ------
    DataError
        Two columns divide the rows otherwise, or one that is called so names parts and something else: what was kept
        for a test would be trained on.
    """
    usual = [k for name in NAMES["part"] for k in free if table.small[k] == name]
    if dividing := sorted((k for k in free if _divides(table, k)), key=lambda k: k not in usual):
        first, *others = dividing
        if other := [k for k in others if _part_of_rows(table, k) != _part_of_rows(table, first)]:
            raise DataError(
                f"{table.path}: columns {table.header[first]!r} and {table.header[other[0]]!r} name parts, and not the "
                'same ones; say columns = { part = "..." } for one of them, or part = "" to have parts drawn'
            )
        return first
    for k in free:
        if k not in usual and (strays := _almost_parts(table, k)):
            line, value = strays[0]
            raise DataError(
                f"{table.path}: line {line}: column {table.header[k]!r} names parts, but {value!r} is none; rename it, "
                'or say columns = { part = "" } to have parts drawn'
            )
    for k in usual:
        strange = sorted(value for value in table.values(k) if value.lower() not in GIVEN)
        if not strange:
            return k
        if len(strange) < len(table.values(k)):
            raise DataError(
                f"{table.path}: column {table.header[k]!r} names parts, but {strange[0]!r} is none "
                f"({', '.join(sorted({*GIVEN.values()}))}); rename its values, or "
                'say columns = { part = "" } to have parts drawn'
            )
    return None


def _divides(table: Table, k: int) -> bool:
    """Return whether a column holds names of parts alone, training and another among them."""
    parts = _parts_in(table, k)
    return "" not in parts and "train" in parts and len(parts) > 1


def _almost_parts(table: Table, k: int) -> list[tuple[int, str]]:
    """Return the lines and values of a column that name no part, where nearly all others name training and others."""
    strays = [(line, row[k].strip()) for line, row in table.rows if row[k].strip().lower() not in GIVEN]
    parts = _parts_in(table, k) - {""}
    return strays if "train" in parts and len(parts) > 1 and len(strays) <= STRAY * len(table.rows) else []


def _parts_in(table: Table, k: int) -> set[str]:
    """Return the parts that a column names; "" stands for all else in it."""
    return {GIVEN.get(value.lower(), "") for value in table.values(k)}


def _part_of_rows(table: Table, k: int) -> list[str]:
    return [GIVEN[row[k].strip().lower()] for _, row in table.rows]


def _file_column(table: Table, locator: Locator, taken: set[int]) -> int:
    """Return the column that names files: one that says their ending, else one that is called so, else any.

    Raises
    ------
    DataError
        No column names files, or two do that are as good and name others: row numbers fit files called 0.png, 1.png.
    """
    free = [k for k in range(len(table.header)) if k not in taken]
    usual = [k for name in NAMES["file"] for k in free if table.small[k] == name]
    naming = [k for k in (*usual, *(k for k in free if k not in usual)) if _mostly(table, k, locator.knows)]
    if naming:
        worth = {k: (_mostly(table, k, ends_as_image), k in usual and table.small[k] not in VAGUE) for k in naming}
        first = max(naming, key=lambda k: worth[k])
        for k in naming:
            if worth[k] == worth[first] and not worth[first][1] and _other_files(table, first, k, locator):
                raise DataError(
                    f"{table.path}: columns {table.header[first]!r} and {table.header[k]!r} both name files, and "
                    'not the same ones; say columns = { file = "..." }'
                )
        return first
    cells = ", ".join(table.rows[0][1][k] for k in free) if table.rows else "no row"
    raise DataError(
        f'{table.path}: no column names files below {locator.root} (the first row: {cells}); say folder = "...", or '
        'columns = { file = "..." }'
    )


def _mostly(table: Table, k: int, holds: Callable[[str], bool]) -> bool:
    """Return whether most of the first cells of a column are such."""
    probes = [row[k] for _, row in table.rows[:PROBED]]
    return sum(map(holds, probes)) * 2 > len(probes)


def _other_files(table: Table, one: int, other: int, locator: Locator) -> bool:
    """Return whether two columns name different files in some of the first rows."""
    return any(not locator.same(row[one], row[other]) for _, row in table.rows[:PROBED])
