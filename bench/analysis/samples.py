"""Samples: what a mean over judges, or over translators, is taken of; the two variances are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.states import COUNTED

COLUMNS = ("method", "task", "place", "status", "record")
OF_A_ROW = ("generator", "task", "place", "status", "record", "judges", "seed")


def samples(rows: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return one row per sample of a figure, as `bench.report.summary.summarise` takes them.

    A stage's one translator has a sample for each judge; translators that fits left have one sample each, the mean over
    judges. Distances and similarities need no judge: they have one sample for each translator in either case.

    Parameters
    ----------
    rows
        Of `bench.analysis.measured`, with `generator` as the tables shall call it.
    """
    columns = seed_columns(rows, figure)
    found = []
    figures = rows[columns].to_numpy(dtype=float)  # a frame may have hundreds of others, which would take long
    for row, told in zip(rows[[*OF_A_ROW]].to_dict("records"), figures.tolist(), strict=True):
        spot = (row["generator"], row["task"], row["place"], row["status"], row["record"])
        values = told[: int(row["judges"])]
        if not pd.isna(row["seed"]):
            values = [float(np.mean(values))] if values else [np.nan]
        elif not _known(values):
            values = [np.nan] * (1 if figure in rows else int(row["judges"]))
        found += [(*spot, value) for value in values]
    return pd.DataFrame(found, columns=[*COLUMNS, figure])


def of_real_images(rows: pd.DataFrame, figure: str, label: str) -> pd.DataFrame:
    """Return samples of a figure of real images: it is the same whatever is judged beside them, so one row tells it."""
    done = rows[rows["status"].isin(COUNTED)]
    first = done.drop_duplicates(["task", "place"])
    return samples(first.assign(generator=label, seed=None), figure)


@dataclass(frozen=True)
class TwoSpreads:
    """Standard deviations of a figure: between judges of one translator (pooled), and between translators."""

    judges: float | None
    translators: float | None
    n_translators: int


def spreads(rows: pd.DataFrame, figure: str) -> Iterator[tuple[str, str, TwoSpreads]]:
    """Give generator, place and Spread for each that has a measurement of the task in `rows`.

    Translators are those of several streams, or those that several fits left.
    """
    done = rows[rows["status"].isin(COUNTED)]
    columns = seed_columns(done, figure)
    for spot, group in done.groupby(["generator", "place"], sort=False):
        generator, place = map(str, spot)
        values = group[columns].to_numpy(dtype=float)
        judges = float(np.sqrt(values.var(axis=1, ddof=1).mean())) if values.shape[1] > 1 else None
        means = values.mean(axis=1)
        between = float(means.std(ddof=1)) if len(means) > 1 else None
        yield generator, place, TwoSpreads(judges, between, len(means))


def seed_columns(rows: pd.DataFrame, figure: str) -> list[str]:
    """Return the columns that hold a figure: one for each judge, or the one of its name."""
    return [str(column) for column in rows if column == figure or str(column).startswith(f"{figure}/seed")]


def _known(values: list[float]) -> bool:
    return bool(values) and not np.isnan(values).all()
