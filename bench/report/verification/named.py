"""The records that a report names: in cells.csv, translators.csv and records.csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from bench.errors import UserError
from bench.store.store import Store

FILE = "records.csv"  # of experiments beside the grid; a report without any need not have it


def named(folder: Path, files: Iterable[str]) -> set[str]:
    """Return the ids in the column `record` of those of a report's files that are there.

    Raises
    ------
    UserError
        A file does not read, or lacks the column.
    """
    found: set[str] = set()
    for path in (folder / name for name in files):
        if path.is_file():
            try:
                found |= {*pd.read_csv(path, usecols=["record"], dtype=str, keep_default_na=False)["record"]}
            except (OSError, ValueError) as error:
                raise UserError(f"{path}: it has no column of records: {error}") from None
    return found - {""}


@contextmanager
def only(ids: Iterable[str], stores: Sequence[Store]) -> Iterator[Store]:
    """Give a store that holds nothing but the records of these ids that the stores have, each from the first."""
    wanted = set(ids)
    with TemporaryDirectory() as place:
        for k, store in enumerate(stores):
            here = {id for id in wanted if store.get(id)}
            store.pack(here, Path(place) / f"{k}.jsonl")
            wanted -= here
        yield Store(Path(place), read_only=True)
