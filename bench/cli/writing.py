"""Files that commands write for people: rows as CSV, images sorted into folders."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.errors import UserError
from bench.store.atomic import write_atomically


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    # Python spells bytes of a file's name that are no UTF-8 as surrogates; the table shows them escaped.
    write_atomically(path, text.getvalue().encode("utf8", "backslashreplace"))


def copied(files: Iterable[tuple[Path, str]], folder: Path) -> None:
    """Copy files into subfolders by class; of two with one name the second gets a number.

    Raises
    ------
    UserError
        The folder cannot be written.
    """
    try:
        for path, name in files:
            safe = re.sub(r"[/\\\0]", "_", name)
            place = folder / (f"_{safe}" if safe.startswith(".") else safe)  # a class may be called ".."
            place.mkdir(parents=True, exist_ok=True)
            target, number = place / path.name, 1
            while target.exists():
                number += 1
                target = place / f"{path.stem}-{number}{path.suffix}"
            shutil.copy2(path, target)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror or error}") from None
