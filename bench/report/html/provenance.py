"""Provenance: for each cell of the tidy frame its runs, their records, and the commands that make and explain them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pandas as pd

from bench.report.html.page import Mean, Provenance, Run, Spot
from bench.analysis.layout import METRICS
from bench.statistics.intervals import t_interval

COUNTED = ("done", "stale")


def provenances(cells: pd.DataFrame) -> tuple[Provenance, ...]:
    """Return one Provenance for each (task, minority count, method), in the order of `cells`.

    Parameters
    ----------
    cells
        Rows of one profile of the frame that `bench.analysis.frame` makes.
    """
    groups = cells.groupby(["task", "minority_count", "method"], sort=False)
    return tuple(_provenance(rows) for _, rows in groups)


def _provenance(rows: pd.DataFrame) -> Provenance:
    first = rows.iloc[0]
    spot = Spot(first["method"], first["task"], int(first["minority_count"]))
    runs = tuple(_run(row) for _, row in rows.iterrows())
    counts = f"{first['majority_count']}:{spot.minority}"
    return Provenance(spot, counts, tuple(_means(runs)), runs, _commands(spot, rows))


def _run(row: pd.Series) -> Run:
    figures = {metric: float(row[metric]) for metric in METRICS if row["status"] in COUNTED and pd.notna(row[metric])}
    return Run(int(row["seed"]), row["record"], row["status"], figures, row["error"])


def _means(runs: tuple[Run, ...]) -> Iterator[Mean]:
    for metric in METRICS:
        values = [run.figures[metric] for run in runs if metric in run.figures]
        if values:
            found = t_interval(values)
            yield Mean(metric, found.mean, found.low, found.high)


def _commands(spot: Spot, rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the command that makes the runs, and the one that explains the first of them."""
    seeds, profile = rows["seed"], str(rows.iloc[0]["profile"])
    make = ["imbench", "run", "--dataset", spot.task, "--method", spot.method, "--minority", str(spot.minority)]
    make += ["--seeds", str(int(seeds.max()) + 1), "--profile", profile]
    why = ["imbench", "why", f"{spot.task}/{spot.minority}/{spot.method}/{seeds.iloc[0]}", "--profile", profile]
    return shlex.join(make), shlex.join(why)
