"""What committed records took, remembered: a command that only wants to know how long work lasts reads no megabytes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from bench.errors import StoreError
from bench.store.index import Indexed, Summary, read_index, stamp_of, write_index
from bench.store.packed import PackedFiles
from bench.store.store import REFERENCE, Store


def reference_summaries(results: Path, memo: Path) -> dict[str, Summary]:
    """Return the summaries of the committed records below a results folder, by id.

    Parameters
    ----------
    memo
        A file that remembers them for as long as no packed file of theirs is another; where it cannot be written they
        are read again each time.

    Raises
    ------
    StoreError
        A file of theirs cannot be read.
    """
    folder = results / REFERENCE
    if (folder / "records").exists():  # somebody's own: not packed
        return Store(folder, read_only=True).summaries()
    with suppress(OSError):
        stamps = {stamp_of(path.stat()) for path in folder.glob("*.jsonl")}
        known = read_index(memo)
        if stamps and {entry.stamp for entry in known.values()} == stamps:
            return {id: entry.summary for id, entry in known.items()}
    lines = PackedFiles(folder, {}).lines()
    with suppress(OSError, StoreError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_index(memo, {id: Indexed(stamp_of(line.path.stat()), line.summary) for id, line in lines.items()})
    return {id: line.summary for id, line in lines.items()}
