"""Packed records: text files with one record a line, such as the committed reference records."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import StoreError
from bench.record import Record
from bench.store.index import Stamp, Summary, stamp_of
from bench.store.merge import judge
from bench.store.recordtext import MOST_BYTES, Damaged, Newer, decode
from bench.store.regular import MIB, Odd, open_regular

MOST_PACKED = 2048 * MIB  # of a packed file; all that is committed is a twentieth of it


@dataclass(frozen=True, slots=True)
class Line:
    """Where a packed record is, and its summary."""

    path: Path
    number: int
    offset: int
    length: int
    summary: Summary

    def read(self) -> Record:
        """Return the record."""
        with open_regular(self.path, MOST_PACKED) as file:
            file.seek(self.offset)
            return decode(file.read(self.length), self.summary.id)


def refuse_loss(path: Path, ids: Collection[str]) -> None:
    """Refuse to write over a packed file that holds records that are done and not among some ids, or over another file.

    Raises
    ------
    StoreError
        It does, and the text says how many; or what is there is no packed file.
    """
    if lost := done_in(path).difference(ids):
        raise StoreError(
            f"{path} holds {len(lost)} records that would be lost, such as {min(lost)}: `imbench merge` takes them "
            "over, or remove the file first"
        )


def done_in(path: Path) -> set[str]:
    """Return the ids of the records in a packed file that are done; none where there is no file.

    Raises
    ------
    StoreError
        It cannot be read, or holds lines and none of them is a record: then it is somebody's own.
    """
    done, others, known = set[str](), 0, 0
    try:
        for _, _, text in lines_in(path) if path.is_file() else ():
            try:
                record = decode(text)
                known += 1
                done |= {record.id} if record.status == "done" else set()
            except Newer:
                known += 1
            except Damaged:
                others += 1
    except OSError as error:
        raise StoreError(f"{path} is left as it is: {error.strerror or error}") from error
    if others and not known:
        raise StoreError(f"{path} holds something else than records, and is left as it is: name another file")
    return done


def lines_in(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Give number, offset and text of the lines of a packed file, without blank ones; one longer than a record is cut.

    Raises
    ------
    Odd
        It is no regular file, or too large for a packed one.
    OSError
        It is not there, or may not be read.
    """
    with open_regular(path, MOST_PACKED) as file:
        number = offset = 0
        while text := file.readline(MOST_BYTES + 1):
            number, end = number + 1, text
            while end and not end.endswith(b"\n"):
                end = file.readline(MOST_BYTES)
            if text.strip():
                yield number, offset, text
            offset = file.tell()


class PackedFiles:
    """The `*.jsonl` files of a folder. They are only ever read; a line that fails the check is named in `set_aside`.

    Of two lines with one id the first counts, but one that is done before one that failed. `contradictions` are the
    pairs that differ in their outcome; the second of each is named in `set_aside`, too.

    Parameters
    ----------
    remembering
        Keep every record in memory when its line is read for its summary, and look at the files once.
    """

    def __init__(self, folder: Path, set_aside: dict[str, str], remembering: bool = False) -> None:
        self._folder = folder
        self._set_aside = set_aside
        self._files: dict[Path, tuple[Stamp, dict[str, Line]]] = {}
        self._compared: set[tuple[Line, Line]] = set()
        self.contradictions: list[tuple[Line, Line]] = []
        self._remembered: dict[Line, Record] | None = {} if remembering else None
        self._whole: list[dict[str, Line]] = []

    def lines(self) -> dict[str, Line]:
        """Return the lines by record id.

        Raises
        ------
        StoreError
            A file cannot be read.
        """
        lines: dict[str, Line] = {}
        for found in self._each():
            for id, line in found.items():
                lines[id] = self._better(lines[id], line) if id in lines else line
        return lines

    def find(self, id: str) -> Line | None:
        """Return the line of one record, as `lines` has it, without gathering all others.

        Raises
        ------
        StoreError
            A file cannot be read.
        """
        best: Line | None = None
        for found in self._each():
            if id in found:
                best = self._better(best, found[id]) if best else found[id]
        return best

    def read(self, line: Line) -> Record:
        """Return the record of a line, the one that was read with its summary where records are remembered."""
        return (self._remembered or {}).get(line) or line.read()

    def _each(self) -> Iterator[dict[str, Line]]:
        """Give the lines of every file, in the order of their names."""
        if self._whole:
            yield from self._whole
            return
        found = []
        try:
            for path in sorted(self._folder.glob("*.jsonl")):
                try:
                    yield (mine := self._of(path))
                    found.append(mine)
                except Odd as reason:
                    self._set_aside[str(path)] = f"it holds no records: {reason}"
        except OSError as error:
            raise StoreError(f"cannot read {self._folder}: {error.strerror or error}") from error
        self._whole = found if self._remembered is not None else []

    def _of(self, path: Path) -> dict[str, Line]:
        with open_regular(path, MOST_PACKED) as file:
            stamp = stamp_of(os.fstat(file.fileno()))
        if path not in self._files or self._files[path][0] != stamp:
            self._files[path] = stamp, self._parse(path)
        return self._files[path][1]

    def _parse(self, path: Path) -> dict[str, Line]:
        lines: dict[str, Line] = {}
        for number, offset, text in lines_in(path):
            try:
                summary = Summary.of(record := decode(text))
                line, first = Line(path, number, offset, len(text), summary), lines.get(summary.id)
                if self._remembered is not None:
                    self._remembered[line] = record
                lines[summary.id] = self._better(first, line) if first else line
            except (Damaged, Newer) as reason:
                self._set_aside[f"{path}:{number}"] = str(reason)
        return lines

    def _better(self, first: Line, other: Line) -> Line:
        """Return which of two lines of one id counts, and note it where both cannot be true."""
        if first.summary.status == "failed" and other.summary.status == "done":
            return other
        if first != other and (first, other) not in self._compared:
            self._compared.add((first, other))
            if judge(first.read(), other.read()) == "collision":
                self.contradictions.append((first, other))
                self._set_aside[f"{other.path}:{other.number}"] = (
                    f"it differs from {first.path}:{first.number}, which has the same id and counts"
                )
        return first
