"""Reading a csv as people have them: any usual delimiter, with or without a header, with what is wrong by its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePath

from bench.data.collected import text_of
from bench.data.decoding import SUFFIXES
from bench.errors import DataError, unknown

DELIMITERS = ",;\t|"
LOOKED_AT = 20  # rows by which the delimiter is known
_SEPARATOR = re.compile(r"sep=(.)\r?\n")  # a first line by which spreadsheets know the delimiter
_ARCHIVE = b"PK\x03\x04"  # spreadsheets are zip archives

Row = tuple[int, list[str]]  # its line in the file, and its fields


@dataclass(frozen=True)
class Table:
    """A table of text: a header, and rows that each have as many fields."""

    path: Path
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    @cached_property
    def small(self) -> tuple[str, ...]:
        """The header in small letters, with _ for blanks."""
        return tuple(name.lower().replace(" ", "_") for name in self.header)

    def column(self, name: str) -> int:
        """Return the place of a column.

        Raises
        ------
        DataError
            There is no such column.
        """
        if name not in self.header:
            raise DataError(f"{self.path}: {unknown('column', name, self.header)}")
        return self.header.index(name)

    def values(self, column: int) -> set[str]:
        """Return the different values of a column."""
        return {row[column].strip() for _, row in self.rows}


def read_table(path: Path, delimiter: str, is_file: Callable[[str], bool]) -> Table:
    """Return the table in a csv; "" for the delimiter: guess it.

    Where the first row names a picture already, be it there or not, there is no header, and columns are called "1", "2"
    and so on.

    Raises
    ------
    DataError
        The file cannot be read, is empty, or a row has more or fewer fields than the first.
    """
    text = _text(path)
    if said := _SEPARATOR.match(text):
        text, delimiter = "\n" + text[said.end() :], delimiter or said[1]
    delimiter = delimiter or max(DELIMITERS, key=lambda it: (_columns(text, it), text.partition("\n")[0].count(it)))
    rows = list(_rows(path, text, delimiter, lambda cell: is_file(cell) or ends_as_image(cell)))
    if not rows:
        raise DataError(f"{path}: no rows")
    header = [name.strip() for name in rows[0][1]]
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{path}: line {line} has {len(row)} fields, the first row has {len(header)}")
    if any(is_file(name) or ends_as_image(name) for name in header):
        header = [str(k) for k in range(1, len(header) + 1)]
    else:
        del rows[0]
    if len(header) < 2:
        raise DataError(f'{path}: one column alone ({header[0]!r}); say delimiter = "..." where fields are apart by it')
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise DataError(f"{path}: two columns are called {twice!r}")
    if not rows:
        raise DataError(f"{path}: a header, but no rows")
    return Table(path, delimiter, tuple(header), tuple(rows))


def ends_as_image(cell: str) -> bool:
    """Return whether a cell ends as pictures' names do."""
    return PurePath(cell.strip()).suffix.lower() in SUFFIXES


def _text(path: Path) -> str:
    try:
        content = text_of(path)
        if content.startswith(_ARCHIVE):
            raise DataError(f"{path}: a spreadsheet, not text; save it as csv")
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # spreadsheets save "Unicode text" so
        if not wide and b"\0" in content:
            line = content[: content.index(b"\0")].count(b"\n") + 1
            raise DataError(f"{path}: line {line} holds a zero byte, as UTF-16 without its mark does; save it as UTF-8")
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from None


def _rows(path: Path, text: str, delimiter: str, is_named: Callable[[str], bool]) -> Iterator[Row]:
    """Yield the rows that hold anything.

    Raises
    ------
    DataError
        A quote is not closed: the rows after it would be part of one field.
    """
    lines = io.StringIO(text, newline="")
    reader, line = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True), 1
    try:
        for row in reader:
            if any(field.strip() for field in row):
                within = [cell for field in row for more in field.splitlines()[1:] for cell in more.split(delimiter)]
                if taken := next(filter(is_named, map(str.strip, within)), ""):
                    raise DataError(f"{path}: line {line}: a quote takes in the rows after it, such as that of {taken}")
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: line {line}: {error}; is a quote not closed?") from None


def _columns(text: str, delimiter: str) -> int:
    """Return how many columns the first rows have under a delimiter; 0 if they differ, or have one alone."""
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
        widths: Sequence[int] = [len(row) for row in islice(read, LOOKED_AT) if row]
    except csv.Error:
        return 0
    return widths[0] if widths and len(set(widths)) == 1 and widths[0] > 1 else 0
