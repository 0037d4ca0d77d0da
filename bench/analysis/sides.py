"""Sources of records to compare: a results folder, a packed file, or the reference records of a git revision."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.fellows import fellows
from bench.errors import UserError
from bench.record import Record
from bench.store.packed import lines_in
from bench.store.recordtext import Damaged, Newer, decode
from bench.store.store import REFERENCE, Store

COMMITTED = Path("results") / REFERENCE
SECONDS = 60


@dataclass(frozen=True)
class Side:
    """Records under the name that the user gave them by; `set_aside` tells what was there and does not count."""

    name: str
    records: tuple[Record, ...]
    set_aside: tuple[str, ...] = ()


def open_side(where: str, folder: Path = COMMITTED) -> Side:
    """Read a results folder, a packed `.jsonl` file, or else the packed files of `folder` in a git revision.

    Raises
    ------
    UserError
        It is none of these, or holds no record.
    """
    path = Path(where)
    if path.is_dir():
        store = Store(path, read_only=True)
        records = {record.id: record for record in store.records()}
        found = _side(where, records, [f"{it.path}: {it.reason}" for it in store.set_aside])
    elif path.is_file():
        try:
            found = _decoded(where, ((f"{where}:{number}", text) for number, _, text in lines_in(path)))
        except OSError as error:
            raise UserError(f"{where}: {error.strerror or error}") from None
    else:
        found = _decoded(where, _packed_at(where, folder))
    if not found.records:
        raise UserError(f"{where}: it holds no record")
    return found


def _decoded(where: str, lines: Iterable[tuple[str, bytes]]) -> Side:
    """Return the records in lines, each given with its name."""
    records: dict[str, Record] = {}
    set_aside = []
    for name, line in lines:
        if line.strip():
            try:
                record = decode(line)
                records.setdefault(record.id, record)
            except (Damaged, Newer) as reason:
                set_aside.append(f"{name}: {reason}")
    return _side(where, records, set_aside)


def _side(where: str, records: Mapping[str, Record], set_aside: Sequence[str]) -> Side:
    kept, passed = fellows(records)
    return Side(where, tuple(kept[id] for id in sorted(kept)), (*set_aside, *passed))


def _packed_at(revision: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give the lines, each with its name, of the packed files that a git revision has in the folder."""
    problem = f"{revision}: no results folder, packed file or git revision of that name"
    if revision.startswith("-"):
        raise UserError(problem)  # git would take it for an option
    commit = _git(["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], problem).decode().strip()
    listed = _git(["ls-tree", "-z", "--name-only", commit, "--", f"{folder.as_posix()}/"], problem)
    for name in listed.decode().split("\0"):
        if name.endswith(".jsonl"):
            content = _git(["cat-file", "blob", f"{commit}:./{name}"], problem)
            for number, line in enumerate(content.splitlines(), start=1):
                yield f"{revision}:{name}:{number}", line


def _git(arguments: list[str], problem: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, timeout=SECONDS, check=True)
    except FileNotFoundError:
        raise UserError(f"{problem} (git is not installed)") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, ValueError):
        raise UserError(problem) from None
    return done.stdout
