"""Provenance: for each cell of the tidy frame its runs, their records, and the commands that make and explain them."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.metrics import MAIN, METRICS, supported
from bench.analysis.spots import Place, Spot
from bench.analysis.states import COUNTED
from bench.analysis.value import ENOUGH
from bench.errors import DataError
from bench.plan.config import Config
from bench.plan.grid import dataset_named
from bench.plan.places import option
from bench.report.report import Mean, Provenance, Run
from bench.statistics.intervals import t_interval


def provenances(cells: pd.DataFrame, options: Mapping[Place, tuple[str, str]]) -> tuple[Provenance, ...]:
    """Return one Provenance for each cell over its seeds, in the order of `cells`.

    Parameters
    ----------
    cells
        Rows of one profile of the frame that `bench.analysis.frame` makes.
    options
        What asks for each place, see `asked`.
    """
    groups: dict[tuple[str, str, str], list[Mapping[Hashable, Any]]] = {}
    for row in cells.to_dict("records"):
        groups.setdefault((row["task"], row["place"], row["method"]), []).append(row)
    return tuple(_provenance(rows, options[task, place]) for (task, place, _), rows in groups.items())


def asked(config: Config, cells: pd.DataFrame) -> dict[Place, tuple[str, str]]:
    """Return the option of `imbench run` and its value that ask for each place of the cells.

    Of images that are not here it is the counts: what the whole training part had is not known.
    """
    found: dict[Place, tuple[str, str]] = {}
    for task, rows in cells.groupby("task", sort=False):
        dataset = dataset_named(str(task), config)
        for place, counts in dict(zip(rows["place"], rows["counts"], strict=True)).items():
            try:
                found[str(task), place] = option(dataset, tuple(map(int, counts.split(":"))), place, config.profile)
            except DataError:
                found[str(task), place] = "--at", counts
    return found


def _provenance(rows: Sequence[Mapping[Hashable, Any]], option: tuple[str, str]) -> Provenance:
    first = rows[0]
    counts = [int(count) for count in first["counts"].split(":")]
    metrics = [name for name in supported(counts) if name in MAIN or METRICS[name].classes == "any"]
    spot = Spot(first["method"], first["task"], first["place"])
    runs = tuple(_run(row, metrics) for row in rows)
    return Provenance(spot, spot.place, tuple(_means(runs, metrics)), runs, _commands(spot, option, rows))


def _run(row: Mapping[Hashable, Any], metrics: Sequence[str]) -> Run:
    counted = row["status"] in COUNTED
    figures = {metric: float(row[metric]) for metric in metrics if counted and pd.notna(row[metric])}
    return Run(int(row["seed"]), row["record"], row["status"], figures, row["error"], row["chosen"])


def _means(runs: tuple[Run, ...], metrics: Sequence[str]) -> Iterator[Mean]:
    for metric in metrics:
        values = [run.figures[metric] for run in runs if metric in run.figures]
        if values:
            found = t_interval(values)
            if found.low is None or found.high is None or found.n < ENOUGH:
                yield Mean(metric, found.mean)
            elif METRICS[metric].bounded:
                yield Mean(metric, found.mean, max(found.low, 0.0), min(found.high, 1.0))
            else:
                yield Mean(metric, found.mean, found.low, found.high)


def _commands(spot: Spot, at: tuple[str, str], rows: Sequence[Mapping[Hashable, Any]]) -> tuple[str, ...]:
    """Return the command that makes the runs, and the one that explains the first of them."""
    seeds, profile = [int(row["seed"]) for row in rows], str(rows[0]["profile"])
    make = ["imbench", "run", "--dataset", spot.task, "--method", spot.method, *at]
    make += ["--seeds", str(max(seeds) + 1), "--profile", profile]
    why = ["imbench", "why", f"{spot.task}/{at[1]}/{spot.method}/{seeds[0]}", "--profile", profile]
    return shlex.join(make), shlex.join(why)
