"""The store: records on disk, written whole, checked when read, and shared by any number of runners.

root/records/ab/<id>.json   one record each, as runs write them
root/*.jsonl                packed records, one a line; never changed in place
root/reference/             packed records that come with the code, a store of their own
root/aside/                 files that did not pass the check
root/claims/                work in flight
root/stages/<id>/           weights of stages
root/index                  summaries of the loose records, which can be deleted
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from bench.errors import StoreError
from bench.record import Record
from bench.store.atomic import write_atomically
from bench.store.index import Indexed, Stamp, Summary, read_index, stamp_of, united, write_index
from bench.store.leftovers import release, sweep, write_anew
from bench.store.lock import claim
from bench.store.merge import MergeReport, collision, judge
from bench.store.packed import PackedFiles, refuse_loss
from bench.store.recordtext import MOST_BYTES, Damaged, Newer, compact, decode, readable
from bench.store.regular import Odd, open_regular, read_regular
from bench.store.rooms import ROOMS, clear, is_folder, listed, state

REFERENCE, CLAIMS = "reference", "claims"


@dataclass(frozen=True)
class SetAside:
    """A file, or a line `file:number` of a packed file, that does not count, and why."""

    path: str
    reason: str


class Store:
    """Records under one folder. With `read_only` nothing there is ever touched: for reference and foreign folders."""

    def __init__(self, root: Path, *, read_only: bool = False, remembering: bool = False) -> None:
        self.root = root
        self.read_only = read_only
        self._entries: dict[str, Indexed] | None = None
        self._set_aside: dict[str, str] = {}
        self._packed = PackedFiles(root, self._set_aside, remembering)

    @property
    def set_aside(self) -> list[SetAside]:
        """What this object met that does not count."""
        return [SetAside(path, reason) for path, reason in self._set_aside.items()]

    def prepare(self) -> None:
        """Make the folder, try a write, and sweep away what writers that died left: before hours of work depend on it.

        What is no folder where one has to be is renamed, and set aside.

        Raises
        ------
        StoreError
            The folder cannot be made or written.
        """
        self._must_be_writable()
        self._set_aside |= {str(path): "no folder, where one has to be; renamed" for path in clear(self.root)}
        with suppress(FileNotFoundError):  # another runner that starts at this moment sweeps it away
            write_atomically(self.root / "records" / "probe", b"?")
            (self.root / "records" / "probe").unlink()
        for place in (self.root, *(it for it in map(self.root.joinpath, ROOMS) if it.is_symlink())):
            sweep(place)  # a room may be on another disk
        release(self.root / CLAIMS)

    def save(self, record: Record) -> None:
        """Write a record; it replaces one of the same id. Hold its claim meanwhile.

        Raises
        ------
        StoreError
            The folder cannot be written, or the disk is full.
        """
        self._must_be_writable()
        path = self._path(record.id)
        if str(path) in self._set_aside and self._read(path, record.id) is None and path.is_file():  # a later one
            self._move_aside(path, stamp_of(path.stat()), read_regular(path, MOST_BYTES))
        write_atomically(path, readable(record))

    def get(self, id: str) -> Record | None:
        """Return the record of that id, or None where there is none that passes the check."""
        if (record := self._read(self._path(id), id)) and record.status == "done":
            return record
        line = self._packed.find(id)
        return self._packed.read(line) if line and (record is None or line.summary.status == "done") else record

    def records(self) -> Iterator[Record]:
        """Give all records in the order of their ids."""
        for id in sorted(self.summaries()):
            if record := self.get(id):
                yield record

    def summaries(self) -> dict[str, Summary]:
        """Return the summary of every record by id, reading only files that are new or changed since the last time."""
        known = read_index(self._index) if self._entries is None else self._entries
        entries: dict[str, Indexed] = {}
        for id, path, stamp in self._scan():
            entry = known.get(id)
            if entry is not None and entry.stamp == stamp:
                entries[id] = entry
            elif record := self._read(path, id):
                entries[id] = Indexed(stamp, Summary.of(record))
        if entries != known and not self.read_only:
            with suppress(StoreError):  # a full disk must not keep anybody from asking what is done
                write_index(self._index, entries)
        self._entries = entries
        return united(self._packed.lines(), entries)

    def claim(self, id: str) -> AbstractContextManager[bool]:
        """Reserve the work of a record: a context that gives True, or False while another process has it.

        Raises
        ------
        StoreError
            The folder cannot be written.
        """
        self._must_be_writable()
        return claim(self.root / CLAIMS / id)

    def pack(self, ids: Collection[str], path: Path) -> None:
        """Write records to one packed file, sorted by id; the same records give the same bytes.

        Raises
        ------
        StoreError
            An id has no record, the folder cannot be written, or the file holds others that are done, or no records.
        """
        lines = []
        refuse_loss(path, ids)
        for id in sorted(set(ids)):
            if (record := self.get(id)) is None:
                raise StoreError(f"no record {id} in {self.root}")
            lines.append(compact(record))
        write_anew(path, b"".join(lines))

    def merge(self, source: Store) -> MergeReport:
        """Take over the records that are missing here or failed here; see `bench.store.merge` for the rules.

        Raises
        ------
        StoreError
            This store cannot be written.
        """
        report = MergeReport()
        for theirs in source.records():
            with self.claim(theirs.id) as mine:
                if not mine:
                    report.busy.append(theirs.id)
                    continue
                ours = self.get(theirs.id)
                verdict = judge(ours, theirs)
                if ours is not None and verdict == "collision":
                    report.collisions.append(collision(ours, theirs))
                    continue
                if verdict in ("added", "upgraded"):
                    self.save(theirs)
                getattr(report, verdict).append(theirs.id)
        report.collisions += [collision(first.read(), other.read()) for first, other in source._packed.contradictions]
        return report

    @property
    def _index(self) -> Path:
        return self.root / "index"

    def _path(self, id: str) -> Path:
        return self.root / "records" / id[:2] / f"{id}.json"

    def _must_be_writable(self) -> None:
        if self.read_only:
            raise StoreError(f"{self.root} is open for reading only")

    def _scan(self) -> Iterator[tuple[str, Path, Stamp]]:
        """Give id, path and stamp of every loose record file; the id is "" where name and folder do not agree."""
        for folder in listed(self.root / "records"):
            if is_folder(folder):
                for file in listed(Path(folder.path)):
                    if file.name.endswith(".json") and not file.name.startswith("."):
                        id = file.name.removesuffix(".json")
                        with suppress(FileNotFoundError):  # set aside by another process at this moment
                            yield id if id[:2] == folder.name else "", Path(file.path), stamp_of(state(file))

    def _read(self, path: Path, id: str) -> Record | None:
        try:
            with open_regular(path, MOST_BYTES) as file:
                stamp, text = stamp_of(os.fstat(file.fileno())), file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Odd as reason:
            self._set_aside[str(path)] = f"it is no record: {reason}"
            if not self.read_only:
                self._move_aside(path, None, b"")
            return None
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
        try:
            return decode(text, id)
        except Newer as reason:
            self._set_aside[str(path)] = str(reason)
        except Damaged as reason:
            self._set_aside[str(path)] = str(reason)
            if not self.read_only:
                self._move_aside(path, stamp, text)
        return None

    def _move_aside(self, path: Path, stamp: Stamp | None, text: bytes) -> None:
        # The digest in the new name keeps two damaged files of one name apart; a file that was replaced since it
        # was read is no longer the damaged one.
        mark = token_hex(4) if stamp is None else sha256(text).hexdigest()[:8]
        place = self.root / "aside" / f"{path.stem}.{mark}.json"
        try:
            place.parent.mkdir(exist_ok=True)
            if stamp is None or stamp_of(path.stat()) == stamp:
                path.rename(place)
        except OSError:
            return  # gone by now, or not ours to move: it is named and does not count
