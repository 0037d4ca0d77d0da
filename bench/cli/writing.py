"""Files that commands write for people: rows as CSV, images sorted into folders."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.errors import UserError
from bench.store.leftovers import write_anew


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
    write_anew(path, text.getvalue().encode("utf8", "backslashreplace"))


def refuse_model(path: Path, model: Path, what: str, such_as: str) -> None:
    """Refuse to write where a model is, or a folder.

    Parameters
    ----------
    model
        A model's folder, or an exported file.
    what, such_as
        What is to be written, in words, and a name for it.

    Raises
    ------
    UserError
        The path is a folder, or a file of the model.
    """
    from bench.model.saved import FILES

    of_model = path.resolve() in {it.resolve() for it in (model, *(model / name for name in FILES))}
    if path.is_dir() or of_model:
        place = "a folder" if path.is_dir() else "of the model"
        raise UserError(f"{path}: {place}; {what} goes elsewhere, such as {such_as}")


def class_folders(classes: Sequence[str], folder: Path) -> dict[str, Path]:
    """Return a subfolder for each class; where two names would be one folder, the second gets a number."""
    found: dict[str, Path] = {}
    taken: set[str] = set()
    for name in classes:
        safe = re.sub(r"[/\\\0]", "_", name)
        safe = f"_{safe}" if safe.startswith(".") else safe  # a class may be called ".."
        called, number = safe, 1
        while called.casefold() in taken:
            number += 1
            called = f"{safe}-{number}"
        taken.add(called.casefold())
        found[name] = folder / called
    return found


def copied(files: Iterable[tuple[Path, Path]]) -> None:
    """Copy files into folders; of two with one name the second gets a number.

    Raises
    ------
    UserError
        A folder cannot be written.
    """
    for path, place in files:
        try:
            place.mkdir(parents=True, exist_ok=True)
            target, number = place / path.name, 1
            while os.path.lexists(target):  # a link that leads nowhere would be followed
                number += 1
                target = place / f"{path.stem}-{number}{path.suffix}"
            shutil.copy2(path, target)
        except OSError as error:
            raise UserError(f"{place}: {error.strerror or error}") from None
