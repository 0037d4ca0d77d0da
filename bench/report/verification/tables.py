"""Verifying tables: written anew from cells.csv they must be the same text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from bench.errors import UserError
from bench.analysis.frame import FACTS, KEYS, WHOLE
from bench.analysis.measured import read_measured
from bench.report.verification import cells, named, translators
from bench.report.verification.mismatch import Mismatch
from bench.report.write import Options, Translations, write

OTHERS = (cells.FILE, translators.FILE, named.FILE, "README.md")  # checked in another way, or without figures
TABLES = ("*.md", "*.csv", "*.tex")
TEXT = ("task", "method", "profile", "status", "minority", "majority", "record", "alike", "error")
COUNTS = ("minority_count", "seed", "translator", "majority_count")
OPTIONAL_TEXT = ("epoch",)
BANNER = re.compile(r"^(> |\{\\footnotesize\\itshape ).*$", re.MULTILINE)
Regenerate = Callable[[Path, pd.DataFrame, Path, bool], Iterable[Path]]


def read_cells(path: Path) -> pd.DataFrame:
    """Return the frame that a cells.csv was written from.

    Raises
    ------
    UserError
        There is no such file, or it does not hold the cells of one profile.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name the folder of one profile's report, such as reports/cpu")
    try:
        texts = pd.read_csv(path, dtype=str, keep_default_na=False)
        if lacking := {*KEYS, *FACTS} - {*texts.columns}:
            raise UserError(f"{path}: it lacks the column {min(lacking)}; `imbench report` writes it anew")
        frame = pd.DataFrame({name: _typed(str(name), texts[name]) for name in texts})
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: it is not the cells.csv of a report: {error}") from None
    if frame.empty or frame["profile"].nunique() != 1:
        raise UserError(f"{path}: it does not hold the cells of one profile")
    return frame


def _typed(name: str, texts: pd.Series) -> pd.Series:
    """Return a column as `bench.report.frame.frame` made it; floats come back to the last bit."""
    if name in TEXT:
        return texts
    if name in WHOLE:
        return pd.Series([int(text) if text else None for text in texts], dtype="Int64")
    if name in COUNTS:
        return texts.astype(int)
    if name in OPTIONAL_TEXT:
        return texts.where(texts != "", None)
    return pd.Series([float(text) if text else math.nan for text in texts], dtype="float64")


def rewritten(report: Path, frame: pd.DataFrame, folder: Path, interval: bool) -> list[Path]:
    """Write the tables of a report's cells, and of its translators, under another folder; return the files."""
    profile, tasks = str(frame["profile"].iloc[0]), tuple(dict.fromkeys(frame["task"]))
    found = report / translators.FILE
    translations = Translations(read_measured(found)) if found.is_file() else None
    return write(frame, folder, profile, "banner", Options(interval, tasks), translations)


def check_tables(folder: Path, frame: pd.DataFrame, regenerate: Regenerate = rewritten) -> tuple[int, list[Mismatch]]:
    """Return how many tables a report has, and the first line of each that is not what cells.csv gives.

    Banners, which name the place of the records, are passed over.
    """
    pages = [path for pattern in TABLES for path in sorted(folder.glob(pattern)) if path.name not in OTHERS]
    texts = {path.name: _text(path) for path in pages}
    interval = any(" ± " in text for name, text in texts.items() if not name.startswith("translators_"))
    with TemporaryDirectory() as place:
        files = [
            path for path in regenerate(folder, frame, Path(place), interval) if any(path.match(it) for it in TABLES)
        ]
        fresh = {path.name: _text(path) for path in files}
    return len(texts), [it for name, text in texts.items() for it in _differing(name, text, fresh.get(name))]


def _differing(name: str, printed: str, fresh: str | None) -> Iterator[Mismatch]:
    if fresh is None:
        yield Mismatch(name, 0, "table", "is there", "cells.csv gives no table of this name")
    elif printed != fresh:
        ours, theirs = [*printed.split("\n"), "(end)"], [*fresh.split("\n"), "(end)"]
        number = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
        yield Mismatch(name, number + 1, "line", ours[number], theirs[number])


def _text(path: Path) -> str:
    try:
        return BANNER.sub("(banner)", path.read_bytes().decode("utf8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
