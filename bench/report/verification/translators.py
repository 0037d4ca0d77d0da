"""Verifying translators.csv: each row's measurement must be the right one and hold the row's figures."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from bench.errors import UserError
from bench.record import Record
from bench.report.verification.mismatch import Mismatch
from bench.store.store import Store

FILE = "translators.csv"
TOLERANCE = 1e-9


def check_translators(path: Path, stores: Sequence[Store]) -> tuple[int, list[Mismatch]]:
    """Return how many figures were compared, and what does not agree; a measurement's record holds its figures.

    Raises
    ------
    UserError
        The file cannot be read, or it lacks a column.
    """
    compared, mismatches = 0, list[Mismatch]()
    try:
        with path.open(encoding="utf8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):
                if row["status"] in ("done", "stale"):
                    record = next((found for store in stores if (found := store.get(row["record"]))), None)
                    n, wrong = _check(row, record)
                    where = f"{row['task']} {row['minority_count']} {row['generator']}"
                    mismatches += [Mismatch(FILE, line, f"{where}: {what}", *texts) for what, *texts in wrong]
                    compared += n
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise UserError(f"{path}: it is not the {FILE} of a report: {error}") from None
    return compared, mismatches


def _check(row: dict[str, str], record: Record | None) -> tuple[int, list[tuple[str, str, str]]]:
    if record is None or record.kind != "measurement":
        return 0, [("record", row["record"], "no such measurement")]
    identity = record.identity
    said = {"dataset": row["task"], "minority count": row["minority_count"]}
    held = {"dataset": str(identity.get("dataset")), "minority count": str(min(identity.get("counts", [0])))}
    wrong = [(name, said[name], held[name]) for name in said if said[name] != held[name]]
    figures = {_by_role(name, identity["counts"]): value for name, value in record.figures.items()}
    wrong += [
        (name, row.get(name) or "nothing", repr(value))
        for name, value in figures.items()
        if not row.get(name) or not math.isclose(float(row[name]), value, rel_tol=0, abs_tol=TOLERANCE)
    ]
    extra = [name for name, text in row.items() if name and "/" in name and text and name not in figures]
    return len(figures), wrong + [(name, row[name], "nothing") for name in extra]


def _by_role(name: str, counts: Sequence[int]) -> str:
    """Return the column of a figure, which names a class by its role: the rarest (the last of several) or the most."""
    figure, slash, seed = name.partition("/")
    stem, underscore, last = figure.rpartition("_")
    rare = max(range(len(counts)), key=lambda k: (-counts[k], k))
    common = max(range(len(counts)), key=lambda k: (counts[k], -k))
    roles = {str(rare): "minority", str(common): "majority"}
    return f"{stem}{underscore}{roles.get(last, last)}{slash}{seed}"
