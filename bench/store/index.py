"""The index: a summary of every loose record, kept beside them so that `status` reads only files that changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from bench.record import Record
from bench.store.leftovers import write_anew
from bench.store.regular import MIB, read_regular

MOST_BYTES = 1024 * MIB
FORMAT = "imbench index 3"
Stamp = tuple[int, int, int]  # size in bytes, time of change in ns, inode


@dataclass(frozen=True, slots=True)
class Summary:
    """What `status` needs of a record. `seconds` is what the work took, `processor_seconds` on cores (0: not known);
    `error` is its first line; `device` (cpu, cuda) and `device_name` are what computed it ("": not told).
    """

    id: str
    kind: str
    status: str
    dataset: str
    code_digest: str
    seconds: float
    processor_seconds: float
    finished: str
    error: str
    device: str
    device_name: str

    @classmethod
    def of(cls, record: Record) -> Summary:
        """Summarise a record."""
        return cls(
            id=record.id,
            kind=record.kind,
            status=record.status,
            dataset=str(record.identity.get("dataset", "")),
            code_digest=record.code_digest,
            seconds=record.cost.seconds,
            processor_seconds=record.cost.processor_seconds,
            finished=record.finished,
            error=record.error.partition("\n")[0],
            device=record.environment.get("device", ""),
            device_name=record.environment.get("device_name", ""),
        )


@dataclass(frozen=True, slots=True)
class Indexed:
    """A summary and the state of the file it was made from."""

    stamp: Stamp
    summary: Summary


class Summarised(Protocol):
    """What has a summary: a loose record's file, a line of a packed one."""

    @property
    def summary(self) -> Summary: ...


ROW = (int, int, int, *(str if field.type == "str" else (int, float) for field in fields(Summary)))  # of the index


def united(packed: Mapping[str, Summarised], loose: Mapping[str, Summarised]) -> dict[str, Summary]:
    """Return summaries by id; of two the loose one counts, unless it failed and the packed one is done."""
    ours = {id: it.summary for id, it in loose.items()}
    theirs = {id: it.summary for id, it in packed.items()}
    better = {id for id in ours.keys() & theirs.keys() if (ours[id].status, theirs[id].status) == ("failed", "done")}
    return theirs | ours | {id: theirs[id] for id in better}


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what changes when a file does."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def read_index(path: Path) -> dict[str, Indexed]:
    """Return the entries by record id: none where the index is missing or damaged, for it can be rebuilt."""
    try:
        heading, body = read_regular(path, MOST_BYTES).split(b"\n", 1)
        rows = json.loads(body) if heading == _heading(body) else []
    except (OSError, ValueError, RecursionError):
        return {}
    if not (isinstance(rows, list) and all(map(_is_entry, rows))):
        return {}
    return {row[3]: Indexed((row[0], row[1], row[2]), Summary(*row[3:])) for row in rows}


def write_index(path: Path, entries: dict[str, Indexed]) -> None:
    """Replace the index; the last of two writers wins, and what it lacks is read again.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    rows = [[*entry.stamp, *astuple(entry.summary)] for entry in entries.values()]
    body = json.dumps(rows, separators=(",", ":")).encode()
    write_anew(path, _heading(body) + b"\n" + body, durable=False)


def _is_entry(row: Any) -> bool:
    """Return whether a row is one of ours; another program's index may have a right checksum, too."""
    return isinstance(row, list) and len(row) == len(ROW) and all(map(isinstance, row, ROW))


def _heading(body: bytes) -> bytes:
    return f"{FORMAT} {sha256(body).hexdigest()}".encode()
