"""Cells with made-up outcomes, and the files that a report makes of them, for the tests of tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bench import registry
from bench.analysis.decisions import Decide, Decided
from bench.analysis.frame import frame
from bench.analysis.measured import FILE, measured
from bench.analysis.states import COUNTED
from bench.dataset import Task
from bench.expression import Expression
from bench.plan.grid import Cell
from bench.record import Cost, Predictions, Record
from bench.report.emit import write
from bench.report.report import Report
from bench.report.sheets import Frames, sheets


def cell(
    task: str,
    method: str,
    count: int,
    seed: int,
    fit: str = "",
    why: str = "",
    translator: int = 0,
    counts: tuple[int, ...] | None = None,
    place: str = "",
) -> Cell:
    """Return a cell of 900 images of the common class, or of the counts given."""
    counts = counts or (900, count)
    classes = ("many", "few") if len(counts) == 2 else tuple(f"c{k}" for k in range(len(counts)))
    where = Task(task, "1", "s", classes, counts, place or ":".join(map(str, counts)))
    fit = fit or ("" if why else "lost")
    return Cell(where, Expression.parse(method), seed, "cpu", fit, why, translator)


def record(name: str, found: int, epoch: str = "equal") -> Record:
    """Make a fit that finds `found` of ten minority images and every majority image."""
    minority = np.r_[np.full(10, 0.2), np.full(found, 0.6), np.full(10 - found, 0.4)]
    test = Predictions.of(np.repeat([0, 1], 10), np.c_[1 - minority, minority])
    identity = {"protocol": {"image_size": 64, "epochs": 8, "epoch": epoch}, "counts": [900, 100]}
    return Record(id=name, identity=identity, status="done", test=test, validation=test, cost=Cost(seconds=1.5))


def decide_of(expression: Expression) -> Decide:
    """Return the decision of TS, or the plain one."""

    def decide(made: Record) -> Decided:
        assert made.test is not None
        said = made.test.probabilities.array()
        return Decided(said / np.array(made.identity["counts"]) if str(expression) == "TS" else said)

    return decide


def tidy(cells: Iterable[Cell], records: Iterable[Record] = (), stale: frozenset[str] = frozenset()) -> pd.DataFrame:
    """Return the frame of cells."""
    return frame(cells, {made.id: made for made in records}.get, decide_of, lambda made: made.id in stale)


def runs(task: str, method: str, count: int, found: Iterable[int], epoch: str = "equal") -> pd.DataFrame:
    """Return done cells, one seed for each entry of `found`."""
    names = {f"{task}{method}{count}{seed}": n for seed, n in enumerate(found)}
    cells = [cell(task, method, count, seed, name) for seed, name in enumerate(names)]
    return tidy(cells, [record(name, n, epoch) for name, n in names.items()])


def written(
    cells: pd.DataFrame,
    folder: Path,
    banner: str = "banner",
    tasks: tuple[str, ...] = (),
    judged: pd.DataFrame | None = None,
    left_out: tuple[str, ...] = (),
) -> dict[str, str]:
    """Write the tables of cells, by default of all datasets with a record, and return the files by name."""
    registry.load()
    nothing = measured((), "cpu", lambda id: None, lambda made: False)
    there = cells.loc[cells["status"].isin([*COUNTED, "failed"]), "task"]
    frames = Frames(cells, nothing if judged is None else judged, banner, interval=False)
    report = Report(
        "Title",
        banner,
        "cpu",
        left_out=left_out,
        sheets=tuple(sheets(frames, tuple(dict.fromkeys((*there, *tasks))))),
        frames={"cells.csv": ("cells", cells)} | ({} if judged is None else {FILE: ("translators", judged)}),
    )
    return {path.name: path.read_text(encoding="utf8") for path in write(report, folder)}
