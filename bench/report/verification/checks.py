"""Verifying rows: each of cells.csv and translators.csv must be of the record that it names, and hold its figures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.analysis.decisions import decision_of
from bench.analysis.measured import FILE as TRANSLATORS
from bench.errors import ConfigError, UserError, unknown
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.identity import protocol_identity
from bench.record import Record
from bench.report.verification.recompute import recomputed
from bench.store.store import Store
from bench.training.composition import Composition

CELLS = "cells.csv"
ID = re.compile("[0-9a-f]{20}")  # of a record
TOLERANCE = 1e-6  # log loss is of float32 probabilities that scikit-learn scales to sum to one
COUNTED = ("done", "stale")
NEEDED = ("task", "minority_count", "place", "counts", "method", "seed", "profile", "translator", "status", "record")
Row = Mapping[str, str]
Wrong = tuple[str, str, str]  # what, printed, recomputed


@dataclass(frozen=True)
class Mismatch:
    """What a file prints and what it should print; `line` is 0 where it is about the whole file."""

    file: str
    line: int
    what: str
    printed: str
    recomputed: str


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV file as text.

    Raises
    ------
    UserError
        There is no such file, or it is not one that a report has.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name the folder of one profile's report, such as reports/cpu")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: it is not the {path.name} of a report: {error}") from None
    if lacking := [name for name in needed if name not in frame]:
        raise UserError(f"{path}: it lacks the column {lacking[0]}; `imbench report` writes it anew")
    return frame.to_dict("records")  # type: ignore[return-value]


def check_cells(path: Path, config: Config, stores: Sequence[Store]) -> tuple[int, list[Mismatch]]:
    """Recompute the rows of a cells.csv that have a record; return how many figures were compared, and what disagrees.

    Raises
    ------
    UserError
        It is not the cells.csv of one profile of bench.toml.
    """
    rows = read_rows(path, NEEDED)
    profiles = {row["profile"] for row in rows}
    if len(profiles) != 1:
        raise UserError(f"{path}: it does not hold the cells of one profile")
    if (profile := profiles.pop()) not in config.profiles:
        raise ConfigError(unknown("profile", profile, config.profiles))
    compared, found = 0, list[Mismatch]()
    for line, row in enumerate(rows, start=2):  # line 1 is the header
        if row["status"] in (*COUNTED, "failed"):
            where = f"{row['task']} {_place(row)} {row['method']} seed {row['seed']}"
            mine, wrong = _recomputed(row, config, stores)
            compared += sum(name in row for name in mine)
            found += [Mismatch(CELLS, line, f"{where}: {what}", *texts) for what, *texts in wrong]
    return compared, found


def check_translators(path: Path, stores: Sequence[Store]) -> tuple[int, list[Mismatch]]:
    """Compare the rows of a translators.csv with their measurements' records, which hold the figures."""
    compared, found = 0, list[Mismatch]()
    for line, row in enumerate(read_rows(path, ("task", "counts", "generator", "record", "status")), start=2):
        if row["status"] in COUNTED:
            n, wrong = _measured(row, _record(row, stores))
            where = f"{row['task']} {_place(row)} {row['generator']}"
            compared += n
            found += [Mismatch(TRANSLATORS, line, f"{where}: {what}", *texts) for what, *texts in wrong]
    return compared, found


def _place(row: Row) -> str:
    return row["minority_count"] if row["counts"].count(":") == 1 else row["place"]


def _record(row: Row, stores: Sequence[Store]) -> Record | None:
    if not ID.fullmatch(row["record"]):
        return None
    return next((found for store in stores if (found := store.get(row["record"]))), None)


def _recomputed(row: Row, config: Config, stores: Sequence[Store]) -> tuple[dict[str, float], list[Wrong]]:
    """Return a row's figures by name, none if it has none to be had, and what disagrees."""
    record = _record(row, stores)
    if record is None:
        return {}, [("record", row["record"], "no such record")]
    try:
        given = config.profiles[row["profile"]].arguments(row["task"])
        method = compose(row["method"], config.composition.allow, given)
    except ConfigError as error:
        return {}, [("method", row["method"], str(error))]
    wrong = list(_of_another_run(row, record, method, config))
    if record.status == "failed" or record.test is None:
        return {}, wrong if row["status"] == "failed" else [*wrong, ("status", row["status"], "failed")]
    if row["status"] == "failed":
        wrong.append(("status", "failed", record.status))
    mine = recomputed(record, decision_of(method.expression)(record).scores) | {"seconds": record.cost.seconds}
    return mine, [*wrong, *_unequal(row, mine)]


def _of_another_run(row: Row, record: Record, method: Composition, config: Config) -> Iterator[Wrong]:
    """Give what the record's identity says of another run than the row does."""
    identity, streams = record.identity, record.identity.get("streams", {})
    protocol = config.profiles[row["profile"]].protocol(row["task"])
    pairs = {
        "dataset": (row["task"], identity.get("dataset")),
        "minority count": (_whole(row["minority_count"]), min(identity.get("counts", [0]))),
        "counts": (row["counts"], ":".join(map(str, identity.get("counts", ())))),
        "seed": (_whole(row["seed"]), streams.get("order")),
        "translator": (_whole(row["translator"]), streams.get("stage")),
        "training part": (method.training_part, identity.get("method")),
        "protocol": (protocol_identity(protocol), identity.get("protocol")),
    }
    for name, (said, held) in pairs.items():
        printed, found = json.dumps(said), json.dumps(held)
        if json.loads(printed) != json.loads(found):
            yield name, printed, found


def _unequal(row: Row, mine: Mapping[str, float]) -> Iterator[Wrong]:
    for name, value in mine.items():
        if name in row:
            said = _number(row[name])
            same = math.isclose(said, value, rel_tol=0, abs_tol=TOLERANCE) or (math.isnan(said) and math.isnan(value))
            if not same:
                yield name, row[name] or "nothing", repr(value)


def _whole(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) < 20 else text


def _number(text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.inf


def _measured(row: Row, record: Record | None) -> tuple[int, list[Wrong]]:
    if record is None or record.kind != "measurement":
        return 0, [("record", row["record"], "no such measurement")]
    counts = record.identity.get("counts", [0])
    said = {"dataset": row["task"], "counts": row["counts"]}
    held = {"dataset": str(record.identity.get("dataset")), "counts": ":".join(map(str, counts))}
    wrong: list[Wrong] = [(name, said[name], held[name]) for name in said if said[name] != held[name]]
    figures = {_by_role(name, counts): value for name, value in record.figures.items()}
    wrong += [
        (name, row.get(name) or "nothing", repr(value))
        for name, value in figures.items()
        if not math.isclose(_number(row.get(name, "")), value, rel_tol=0, abs_tol=1e-9)
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
