"""Verifying cells.csv: each row's record must be the right one and give the row's figures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.errors import ConfigError, unknown
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.record import Record
from bench.analysis.layout import Key, method_key
from bench.report.verification.mismatch import Mismatch
from bench.report.verification.recompute import recomputed
from bench.store.store import Store
from bench.training.composition import Composition

FILE = "cells.csv"
TOLERANCE = 1e-9
Figures = dict[tuple[str, int, Key], dict[int, dict[str, float]]]  # by cell, seed and name
Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Cells:
    """How many figures were compared, all that were recomputed, and what does not agree."""

    compared: int
    figures: Figures
    mismatches: tuple[Mismatch, ...]


def check_cells(frame: pd.DataFrame, config: Config, stores: Sequence[Store]) -> Cells:
    """Recompute the rows of a cells.csv that have a record.

    Raises
    ------
    ConfigError
        The profile is not in bench.toml.
    """
    profile = str(frame["profile"].iloc[0])
    if profile not in config.profiles:
        raise ConfigError(unknown("profile", profile, config.profiles))
    compared, figures, mismatches = 0, Figures(), list[Mismatch]()
    for line, row in enumerate(frame.to_dict("records"), start=2):  # line 1 is the header
        if row["status"] not in ("done", "stale", "failed"):
            continue
        where = f"{row['task']} {row['minority_count']} {row['method']} seed {row['seed']}"
        mine, wrong = _recomputed(row, config, stores)
        mismatches += [Mismatch(FILE, line, f"{where}: {what}", *texts) for what, *texts in wrong]
        compared += sum(name in row for name in mine)
        if mine and not row["translator"]:  # the tables are of the first translator
            cell = row["task"], int(row["minority_count"]), method_key(row["method"])
            figures.setdefault(cell, {})[int(row["seed"])] = mine
    return Cells(compared, figures, tuple(mismatches))


def _recomputed(
    row: Row, config: Config, stores: Sequence[Store]
) -> tuple[dict[str, float], list[tuple[str, str, str]]]:
    """Return a row's figures by name, none if it has none to be had, and (what, printed, recomputed) that disagree."""
    record = next((found for store in stores if (found := store.get(row["record"]))), None)
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
    mine = recomputed(record, method.hook("adjust")) | {"seconds": record.cost.seconds}
    return mine, [*wrong, *_unequal(row, mine)]


def _of_another_run(row: Row, record: Record, method: Composition, config: Config) -> Iterator[tuple[str, str, str]]:
    """Give what the record's identity says of another run than the row does."""
    identity, streams = record.identity, record.identity.get("streams", {})
    protocol = config.profiles[row["profile"]].protocol(row["task"])
    pairs = {
        "dataset": (row["task"], identity.get("dataset")),
        "minority count": (int(row["minority_count"]), min(identity.get("counts", [0]))),
        "seed": (int(row["seed"]), streams.get("order")),
        "translator": (int(row["translator"]), streams.get("stage")),
        "training part": (method.training_part, identity.get("method")),
        "protocol": (protocol.model_dump(mode="json"), identity.get("protocol")),
    }
    for name, (said, held) in pairs.items():
        printed, found = json.dumps(said), json.dumps(held)
        if json.loads(printed) != json.loads(found):
            yield name, printed, found


def _unequal(row: Row, mine: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
    for name, value in mine.items():
        same = math.isclose(row.get(name, value), value, rel_tol=0, abs_tol=TOLERANCE)
        if name in row and not same and not (math.isnan(row[name]) and math.isnan(value)):
            yield name, repr(row[name]), repr(value)
